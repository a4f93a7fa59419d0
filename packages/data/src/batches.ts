/** Batches as index lists over a store, and their pixels. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { PixelStore } from './pixel-store.ts';
import { randomFor, shuffle } from './shuffle.ts';

export interface ImageBatch {
  /** Into the store. */
  indices: Uint32Array;
  /** 1 where the image is mirrored left to right. */
  flips: Uint8Array;
}

export interface EpochOptions {
  batchSize: number;
  seed: number;
  /** From 0; every epoch has an order and flips of its own. */
  epochIndex: number;
  shuffle: boolean;
  flip: boolean;
  /** Leaves out what does not fill a last batch; by default that batch is as small as it comes. */
  wholeBatchesOnly?: boolean;
}

/** One epoch: every image once. Order and flips follow from seed and epoch. */
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
 * Gathers a batch's pixels.
 *
 * @param out [N, size, size, 3], filled with 0 … 255.
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
