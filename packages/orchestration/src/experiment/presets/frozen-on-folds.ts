import type { ExperimentInput } from '../schema.ts';

/** Frozen backbones: their features are computed once, and training the heads on them takes seconds for each of five folds. */
export const frozenOnFolds = {
  recipe: { fineTune: { lastLayers: 0 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
} satisfies Partial<ExperimentInput>;
