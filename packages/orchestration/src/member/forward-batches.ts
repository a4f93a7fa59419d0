/** Batches for what looks at every image once. */
import { epochBatches, type ImageBatch } from '@chorus/data';

/** Images a forward pass, where no gradient is needed. */
export const forwardBatchSize = 32;

/** Images in their order, none mirrored, the last batch as small as it comes. */
export function plainBatches(indices: Uint32Array, batchSize: number): Generator<ImageBatch> {
  return epochBatches(indices, { batchSize, seed: 0, epochIndex: 0, shuffle: false, flip: false });
}

/**
 * The same in {@link forwardBatchSize}, for functions of which the rows do not depend on each other: with rows that are
 * filled up in the last batch, if it is not the only one, since another shape would be compiled anew.
 */
export function* forwardBatches(indices: Uint32Array): Generator<{ batch: ImageBatch; rowCount: number }> {
  const rowCount = Math.min(indices.length, forwardBatchSize);
  for (const batch of plainBatches(indices, forwardBatchSize)) yield { batch, rowCount };
}
