import type { ExperimentInput } from '../schema.ts';

/**
 * cpu: three frozen backbones at the sizes of their weights, for machines without a GPU. The features are computed once, and
 * training the heads on them takes seconds for each of five folds.
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
  recipe: { fineTune: { lastLayers: 0 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
  // All of them: features of frozen backbones can be stacked, too.
  stackers: { kinds: ['mean', 'weighted', 'greedy', 'logistic', 'dense', 'features'] },
};
