/** One pass of a function over images, its output collected row by row. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { epochBatches, type ImageBatch } from '@chorus/data';
import * as tf from '@tensorflow/tfjs';
import type { StopFlag } from './stop-flag.ts';

/** Images in one forward pass, where no gradient is needed. */
export const forwardBatchSize = 32;

export interface ForwardOptions {
  /** Numbers in one row of the output. */
  width: number;
  /** Rows of one image: 2 adds the row of its mirror image after its own. */
  viewsPerImage?: 1 | 2;
  /** Images in all calls on the same function; by default those of this call. Another batch shape would compile anew. */
  imageCount?: number;
  /** Memory for the rows; by default fresh memory. */
  rows?: Float32Array;
  stop?: StopFlag | undefined;
  /** Called after each batch. */
  onBatch?: (batchIndex: number, batchCount: number) => void;
}

/**
 * Runs `forward` over the images, each once, in batches of {@link forwardBatchSize}.
 *
 * @param indices images, in the order of their rows.
 * @param forward a batch → [rowCount, …], of which the first rows are the batch's; it runs within `tf.tidy`. Rows must not
 * depend on each other: the last batch is padded to `rowCount`.
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
      // Outside of tidy, which searches a returned array for tensors, element by element.
      const values = output.dataSync<'float32'>();
      output.dispose();
      for (let position = 0; position < batch.indices.length; position += 1)
        rows.set(
          values.subarray(position * width, (position + 1) * width),
          ((firstImage + position) * viewsPerImage + view) * width,
        );
      // Passes are synchronous native calls: messages are handled between them.
      await nextTurn();
    }
    firstImage += batch.indices.length;
    onBatch?.(batchIndex, batchCount);
    batchIndex += 1;
  }
  return rows;
}

/** Images in the given order, none mirrored; the last batch has the images that remain. */
export function batchesInOrder(indices: Uint32Array): Generator<ImageBatch> {
  return epochBatches(indices, {
    batchSize: forwardBatchSize,
    ...{ seed: 0, epochIndex: 0, shuffle: false, flip: false },
  });
}
