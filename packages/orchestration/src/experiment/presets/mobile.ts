import type { ExperimentInput } from '../schema.ts';
import { frozenOnFolds } from './frozen-on-folds.ts';
import { threeMobileNets } from './three-mobile-nets.ts';

/**
 * mobile: three frozen MobileNets, an ensemble small enough for a browser (7.3 M parameters, 29 MB).
 *
 * Chosen on out-of-fold predictions of 2,000 training photographs: `docs/presets.md` lists what was compared, and the cost and the
 * results.
 */
export const mobile: Partial<ExperimentInput> = {
  name: 'mobile',
  inputSize: 224,
  members: threeMobileNets,
  ...frozenOnFolds,
};
