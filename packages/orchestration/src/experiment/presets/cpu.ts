import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * cpu: the article's ensemble for a laptop: small images, frozen backbones, of which the features are computed once; five
 * folds of heads on them cost seconds each.
 *
 * Cost: 5 minutes and 3.2 GB on two CPU cores with 2,000 + 1,000 photographs. Its accuracy is not measured yet.
 */
export const cpu: Partial<ExperimentInput> = {
  name: 'cpu',
  inputSize: 128,
  members: threeBackbones,
  recipe: { fineTune: { lastLayers: 0 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
};
