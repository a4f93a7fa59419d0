/** Batches as lists of image indices, and their pixels. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { PixelStore } from './pixel-store.ts';
import { randomFor, shuffle } from './shuffle.ts';

export interface ImageBatch {
  /** Image indices in the store. */
  indices: Uint32Array;
  /** 1 where the image is flipped horizontally. */
  flips: Uint8Array;
}

export interface EpochOptions {
  batchSize: number;
  seed: number;
  /** Counts from 0; order and flips differ from epoch to epoch. */
  epochIndex: number;
  shuffle: boolean;
  flip: boolean;
  /** Drops an incomplete last batch; by default the last batch may be smaller. */
  wholeBatchesOnly?: boolean;
}

/** Yields the batches of one epoch: every image once. Seed and epoch determine order and flips. */
export function* epochBatches(indices: Uint32Array, options: EpochOptions): Generator<ImageBatch> {
  const { batchSize, seed, epochIndex, wholeBatchesOnly = false } = options;
  const order = indices.slice();
  if (options.shuffle) shuffle(order, randomFor(seed, `order ${epochIndex}`));
  const random = randomFor(seed, `flips ${epochIndex}`);
  const end = wholeBatchesOnly ? order.length - (order.length % batchSize) : order.length;
  for (let start = 0; start < end; start += batchSize) {
    const batch = order.slice(start, start + batchSize);
    yield { indices: batch, flips: Uint8Array.from(batch, () => (options.flip ? uniformInt(random, 0, 1) : 0)) };
  }
}

/**
 * Copies a batch's pixels into a buffer.
 *
 * @param out [N, size, size, 3]; receives values 0 … 255.
 */
export function fillBatch(store: PixelStore, { indices, flips }: ImageBatch, out: Float32Array | Uint8Array): void {
  const imageLength = store.size * store.size * 3;
  for (const [position, index] of indices.entries()) {
    const pixels = store.pixels(index);
    const start = position * imageLength;
    if (flips[position] === 0) out.set(pixels, start);
    else mirror(pixels, store.size, out, start);
  }
}

// --- internal ---

function mirror(pixels: Uint8Array, size: number, out: Float32Array | Uint8Array, start: number): void {
  for (let row = 0; row < size; row += 1) {
    const rowStart = row * size * 3;
    for (let column = 0; column < size; column += 1) {
      const from = rowStart + (size - 1 - column) * 3;
      const to = start + rowStart + column * 3;
      out[to] = pixels[from]!;
      out[to + 1] = pixels[from + 1]!;
      out[to + 2] = pixels[from + 2]!;
    }
  }
}
