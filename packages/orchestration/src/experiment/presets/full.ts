import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * full: the article's ensemble with its flaws fixed, at the sizes that the weights were trained at.
 *
 * The head is trained first, then all layers at a lower rate. With five folds, the stackers get a prediction for every training
 * image from a model that was not trained on it. The bundle's members are trained once more on all images.
 *
 * Cost: GPUs, 18 trainings. Not measured yet.
 */
export const full: Partial<ExperimentInput> = {
  name: 'full',
  inputSize: 299,
  members: threeBackbones.map((member) => (member.name === 'mobilenet-v2' ? { ...member, inputSize: 224 } : member)),
  recipe: { fineTune: { lastLayers: 'all', learningRate: 1e-5, epochCount: 8 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
};
