import type { ExperimentInput } from '../schema.ts';
import { threeMobileNets } from './three-mobile-nets.ts';

/**
 * scratch: three MobileNets that start from random weights, all layers trained: for images that ImageNet's weights do not help
 * with. Small images and a hold-out in place of folds, because every training changes all layers.
 *
 * Its accuracy has not been measured.
 */
export const scratch: Partial<ExperimentInput> = {
  name: 'scratch',
  inputSize: 160,
  weights: 'random',
  members: threeMobileNets,
};
