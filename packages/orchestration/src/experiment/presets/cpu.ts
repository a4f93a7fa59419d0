import type { ExperimentInput } from '../schema.ts';
import { frozenOnFolds } from './frozen-on-folds.ts';

/**
 * cpu: three frozen backbones at the sizes of their weights, for machines without a GPU.
 *
 * Chosen on out-of-fold predictions of 2,000 training photographs: `docs/presets.md` lists what was compared, and the cost and the
 * results.
 */
export const cpu: Partial<ExperimentInput> = {
  name: 'cpu',
  inputSize: 224,
  members: [
    { name: 'xception', backbone: 'xception', inputSize: 299 },
    { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 1 },
    { name: 'mobilenet', backbone: 'mobilenet', alpha: 1 },
  ],
  ...frozenOnFolds,
};
