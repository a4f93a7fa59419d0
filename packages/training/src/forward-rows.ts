/** Runs a function over images in batches and collects the rows of its output. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type View, whole } from '@chorus/models';
import tf from '@chorus/tfjs';
import type { ViewBatch } from './image-reader.ts';
import { countBatch } from './lane-progress.ts';
import type { StopFlag } from './stop-flag.ts';
import { hasCrops } from './views.ts';

/** Number of rows in a forward pass without gradients. */
export const forwardBatchSize = 32;

export interface ForwardOptions {
  /** Numbers per row of the output. */
  width: number;
  /** The views of each image, whose rows follow each other; by default, the image alone. */
  views?: readonly View[];
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
 * @returns [images × views, width]
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function forwardRows(
  indices: Uint32Array,
  { width, views = [whole], stop, onBatch, ...options }: ForwardOptions,
  forward: (batch: ViewBatch) => Float32Array | Promise<Float32Array>,
): Promise<Float32Array> {
  const { rows = new Float32Array(indices.length * views.length * width) } = options;
  const batches = batchesInOrder(indices, views);
  const batchCount = batchCountOf(indices.length, views.length);
  let batchIndex = 0;
  for (const batch of batches) {
    stop?.check();
    const values = await forward(batch);
    rows.set(values.subarray(0, batch.indices.length * width), batchIndex * forwardBatchSize * width);
    countBatch();
    // Forward passes are synchronous native calls; handle messages between them.
    await nextTurn();
    onBatch?.(batchIndex, batchCount);
    batchIndex += 1;
  }
  return rows;
}

/** Number of batches of {@link forwardRows}. */
export function batchCountOf(imageCount: number, viewsPerImage = 1): number {
  return Math.ceil((imageCount * viewsPerImage) / forwardBatchSize);
}

/** Batches of the views of images in the given order; the last one may be smaller, and views of an image may be in several. */
export function* batchesInOrder(indices: Uint32Array, views: readonly View[] = [whole]): Generator<ViewBatch> {
  const rowCount = indices.length * views.length;
  const withCrops = hasCrops(views);
  for (let start = 0; start < rowCount; start += forwardBatchSize) {
    const length = Math.min(forwardBatchSize, rowCount - start);
    const viewOf = (row: number) => views[(start + row) % views.length]!;
    yield {
      indices: Uint32Array.from({ length }, (_, row) => indices[Math.floor((start + row) / views.length)]!),
      flips: Uint8Array.from({ length }, (_, row) => Number(viewOf(row).mirror)),
      ...(withCrops ? { crops: Array.from({ length }, (_, row) => viewOf(row).crop) } : {}),
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
