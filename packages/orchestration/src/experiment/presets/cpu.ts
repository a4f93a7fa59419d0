import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * cpu: the article's ensemble for a laptop. Images are small, the features of the frozen backbones are computed once, and
 * training the heads on them takes seconds for each of five folds.
 *
 * `docs/presets.md` lists the cost. The accuracy has not been measured.
 */
export const cpu: Partial<ExperimentInput> = {
  name: 'cpu',
  inputSize: 128,
  members: threeBackbones,
  recipe: { fineTune: { lastLayers: 0 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
};
