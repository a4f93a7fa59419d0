import type { ExperimentInput } from '../schema.ts';
import { threeBackbones } from './three-backbones.ts';

/**
 * full: the article's ensemble with its flaws fixed, at the image sizes that the pre-trained weights were trained at.
 *
 * The head is trained first, then all layers at a lower learning rate. Five folds give the stackers an out-of-fold prediction
 * for every training image. The bundle's members are then trained once more on all training images.
 *
 * Requires a GPU for its 18 trainings. Its run time has not been measured.
 */
export const full: Partial<ExperimentInput> = {
  name: 'full',
  inputSize: 299,
  members: threeBackbones.map((member) => (member.name === 'mobilenet-v2' ? { ...member, inputSize: 224 } : member)),
  recipe: { fineTune: { lastLayers: 'all', learningRate: 1e-5, epochCount: 8 } },
  stacking: { kind: 'kfold', folds: 5, members: 'refit' },
};
