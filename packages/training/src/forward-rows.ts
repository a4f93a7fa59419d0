/** Runs a function over images in batches and collects the rows of its output. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { epochBatches, type ImageBatch } from '@chorus/data';
import * as tf from '@tensorflow/tfjs';
import type { StopFlag } from './stop-flag.ts';

/** Number of images in a forward pass without gradients. */
export const forwardBatchSize = 32;

export interface ForwardOptions {
  /** Numbers per row of the output. */
  width: number;
  /** Rows per image; with 2, each image's row is followed by that of its mirror image. */
  viewsPerImage?: 1 | 2;
  /** Total number of images in all calls of the same function; by default, in this call. Avoids compiling another batch shape. */
  imageCount?: number;
  /** Memory for the rows; by default, new memory. */
  rows?: Float32Array;
  stop?: StopFlag | undefined;
  /** Called after each batch. */
  onBatch?: (batchIndex: number, batchCount: number) => void;
}

/**
 * Runs `forward` once over each image, in batches of {@link forwardBatchSize}.
 *
 * @param indices image indices, in the order of their rows.
 * @param forward maps a batch to [rowCount, …], whose first rows belong to the batch; it runs within `tf.tidy`. Rows must not
 * depend on each other, since the last batch is padded to `rowCount`.
 * @returns [images × viewsPerImage, width]
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function forwardRows(
  indices: Uint32Array,
  { width, viewsPerImage = 1, imageCount = indices.length, stop, onBatch, ...options }: ForwardOptions,
  forward: (batch: ImageBatch, rowCount: number) => tf.Tensor,
): Promise<Float32Array> {
  const { rows = new Float32Array(indices.length * viewsPerImage * width) } = options;
  const rowCount = Math.min(imageCount, forwardBatchSize);
  const batchCount = Math.ceil(indices.length / forwardBatchSize);
  let firstImage = 0;
  let batchIndex = 0;
  for (const batch of batchesInOrder(indices)) {
    for (let view = 0; view < viewsPerImage; view += 1) {
      stop?.check();
      const output = tf.tidy(() => forward({ ...batch, flips: batch.flips.map(() => view) }, rowCount));
      // Outside tidy, which would search a returned array for tensors, element by element.
      const values = output.dataSync<'float32'>();
      output.dispose();
      for (let position = 0; position < batch.indices.length; position += 1)
        rows.set(
          values.subarray(position * width, (position + 1) * width),
          ((firstImage + position) * viewsPerImage + view) * width,
        );
      // Forward passes are synchronous native calls; handle messages between them.
      await nextTurn();
    }
    firstImage += batch.indices.length;
    onBatch?.(batchIndex, batchCount);
    batchIndex += 1;
  }
  return rows;
}

/** Batches of images in the given order, not flipped; the last batch may be smaller. */
export function batchesInOrder(indices: Uint32Array): Generator<ImageBatch> {
  return epochBatches(indices, {
    batchSize: forwardBatchSize,
    ...{ seed: 0, epochIndex: 0, shuffle: false, flip: false },
  });
}
