/** How training images are changed at random. */
import { epochBatches, type ImageBatch } from '@chorus/data';

export type Augmentation =
  | { kind: 'none' }
  /** Mirrors every other image, left to right. */
  | { kind: 'flip' };

/**
 * One epoch of augmented batches; order and augmentation follow from the seed and the epoch. A new kind of augmentation is
 * a case here and in {@link viewsPerImage}.
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

/** How many different inputs one image can become: what a cache of activations keeps of each. */
export function viewsPerImage(augmentation: Augmentation): 1 | 2 {
  return augmentation.kind === 'flip' ? 2 : 1;
}
