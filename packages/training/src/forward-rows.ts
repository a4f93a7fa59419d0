/** Runs a function over images in batches and collects the rows of its output. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageBatch } from '@chorus/data';
import tf from '@chorus/tfjs';
import type { StopFlag } from './stop-flag.ts';

/** Number of rows in a forward pass without gradients. */
export const forwardBatchSize = 32;

/** 1 for each image, or 2 for each image and its mirror image. */
export type ViewsPerImage = 1 | 2;

export interface ForwardOptions {
  /** Numbers per row of the output. */
  width: number;
  /** With 2, each image's row is followed by that of its mirror image; both are in the same batch. */
  viewsPerImage?: ViewsPerImage;
  /** Memory for the rows; by default, new memory. */
  rows?: Float32Array;
  stop?: StopFlag | undefined;
  /** Called after each batch. */
  onBatch?: (batchIndex: number, batchCount: number) => void;
}

/**
 * Runs `forward` over each image, in batches of {@link forwardBatchSize} rows.
 *
 * @param indices image indices, in the order of their rows.
 * @param forward maps a batch to at least as many rows; further ones are ignored. Rows must not depend on each other.
 * @returns [images × viewsPerImage, width]
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function forwardRows(
  indices: Uint32Array,
  { width, viewsPerImage = 1, stop, onBatch, ...options }: ForwardOptions,
  forward: (batch: ImageBatch) => Float32Array | Promise<Float32Array>,
): Promise<Float32Array> {
  const { rows = new Float32Array(indices.length * viewsPerImage * width) } = options;
  const batches = batchesInOrder(indices, viewsPerImage);
  const batchCount = batchCountOf(indices.length, viewsPerImage);
  let batchIndex = 0;
  for (const batch of batches) {
    stop?.check();
    const values = await forward(batch);
    rows.set(values.subarray(0, batch.indices.length * width), batchIndex * forwardBatchSize * width);
    // Forward passes are synchronous native calls; handle messages between them.
    await nextTurn();
    onBatch?.(batchIndex, batchCount);
    batchIndex += 1;
  }
  return rows;
}

/** Number of batches of {@link forwardRows}. */
export function batchCountOf(imageCount: number, viewsPerImage: ViewsPerImage = 1): number {
  return Math.ceil((imageCount * viewsPerImage) / forwardBatchSize);
}

/** Batches of images in the given order, each followed by its mirror image with 2 views; the last one may be smaller. */
export function* batchesInOrder(indices: Uint32Array, viewsPerImage: ViewsPerImage = 1): Generator<ImageBatch> {
  const imagesPerBatch = forwardBatchSize / viewsPerImage;
  for (let start = 0; start < indices.length; start += imagesPerBatch) {
    const images = indices.subarray(start, start + imagesPerBatch);
    const rowCount = images.length * viewsPerImage;
    yield {
      indices: Uint32Array.from({ length: rowCount }, (_, row) => images[Math.floor(row / viewsPerImage)]!),
      flips: Uint8Array.from({ length: rowCount }, (_, row) => row % viewsPerImage),
    };
  }
}

/** Runs a function of tensors within `tf.tidy` and returns the numbers of its output. */
export function numbersOf(forward: () => tf.Tensor): Float32Array {
  const output = tf.tidy(forward);
  // Outside tidy, which would search a returned array for tensors, element by element.
  const values = output.dataSync<'float32'>();
  output.dispose();
  return values;
}
