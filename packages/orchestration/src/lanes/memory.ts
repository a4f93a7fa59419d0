import type { Experiment } from '../experiment/schema.ts';

/** TensorFlow's library, its pools and the thread's heap. */
const laneBaseBytes = 300 * 2 ** 20;

/**
 * Activations and gradients that training the widest backbone here (MobileNetV2 1.0) keeps per input pixel of a batch:
 * 5.5 GB for 32 images of 224 × 224 were measured.
 */
const bytesPerPixel = 5.5e9 / (32 * 224 * 224);

/** What the lanes may need at their peak, all of them training at once, beside the shared pixels; bytes. */
export function estimateLaneBytes(
  { inputSize, recipe, members }: Pick<Experiment, 'inputSize' | 'recipe' | 'members'>,
  laneCount: number,
): number {
  const busyLanes = Math.min(laneCount, members.length);
  return busyLanes * (laneBaseBytes + recipe.batchSize * inputSize * inputSize * bytesPerPixel);
}
