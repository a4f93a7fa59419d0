import type { Experiment } from '../experiment/schema.ts';
import { activationBudgetBytes } from '../member/activations.ts';

/** TensorFlow's library, its pools and the thread's heap. */
const laneBaseBytes = 300 * 2 ** 20;

/**
 * Activations and gradients that training all layers of the widest backbone here (MobileNetV2 1.0) keeps per input pixel
 * of a batch: 3.45 GB for 32 images of 224 × 224 were measured.
 */
const bytesPerPixel = 3.45e9 / (32 * 224 * 224);

/** What the lanes may need at their peak, all of them training at once, beside the shared pixels; bytes. */
export function estimateLaneBytes(
  { inputSize, recipe, members, weights }: Pick<Experiment, 'inputSize' | 'recipe' | 'members' | 'weights'>,
  laneCount: number,
): number {
  const busyLanes = Math.min(laneCount, members.length);
  const trainsAll = weights === 'random' || recipe.fineTune.lastLayers === 'all';
  const stepBytes = recipe.batchSize * inputSize * inputSize * bytesPerPixel;
  // Behind a frozen front, its kept output is what is large.
  return busyLanes * (laneBaseBytes + (trainsAll ? stepBytes : activationBudgetBytes));
}
