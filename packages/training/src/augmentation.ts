/** Random augmentation of training images. */
import { epochBatches, type ImageBatch } from '@chorus/data';
import type { ViewsPerImage } from './forward-rows.ts';

export type Augmentation =
  | { kind: 'none' }
  /** Flips images horizontally with probability one half. */
  | { kind: 'flip' };

/**
 * One epoch of augmented batches. The seed and the epoch determine order and augmentation. A new kind of augmentation needs a
 * case here and in {@link viewsPerImage}.
 */
export function augmentedBatches(
  fit: Uint32Array,
  stage: { augmentation: Augmentation; batchSize: number; wholeBatchesOnly: boolean },
  { seed, epochIndex }: { seed: number; epochIndex: number },
): Generator<ImageBatch> {
  const { augmentation, batchSize, wholeBatchesOnly } = stage;
  const order = { batchSize, seed, epochIndex, shuffle: true, wholeBatchesOnly };
  return epochBatches(fit, { ...order, flip: augmentation.kind === 'flip' });
}

/** Number of variants of an image that augmentation can produce, each of which has a row in an activation cache. */
export function viewsPerImage(augmentation: Augmentation): ViewsPerImage {
  return augmentation.kind === 'flip' ? 2 : 1;
}

/** Number of variants of an image that a prediction averages. */
export function predictedViews({ testTimeAugmentation }: { testTimeAugmentation: boolean }): ViewsPerImage {
  return testTimeAugmentation ? 2 : 1;
}
