import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * full: the article's ensemble with its flaws fixed, at the sizes that the weights were trained at.
 *
 * The head learns first and then all layers, at a lower rate; five folds give the stackers an answer on every training
 * image from a member that has not seen it; the bundle's members learn once more from all images.
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
