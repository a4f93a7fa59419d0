import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * cpu: the article's ensemble for a laptop: small images, frozen backbones whose features are computed once, and five folds of
 * heads on them, which take seconds each.
 *
 * `docs/presets.md` lists the cost. The accuracy is not measured yet.
 */
export const cpu: Partial<ExperimentInput> = {
  name: 'cpu',
  inputSize: 128,
  members: threeBackbones,
  recipe: { fineTune: { lastLayers: 0 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
};
