import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import { type Crop, fillView } from '@chorus/models';
import { bytesTensor } from '@chorus/runtime';
import tf from '@chorus/tfjs';

/** Views of images. */
export interface ViewBatch extends ImageBatch {
  /** Which part of each image, null for the whole image; omitted if all are whole. */
  crops?: readonly (Crop | null)[];
}

/** Reads batches of images of one size, as {@link ImageReader} does. */
export interface BatchReader {
  pixels(batch: ViewBatch, rowCount?: number): Uint8Array | Float32Array;
  read(batch: ViewBatch, rowCount?: number): tf.Tensor4D;
}

/** Reads images of a pixel store, and records which images are read. */
export class ImageReader implements BatchReader {
  readonly #store: PixelStore;
  readonly #reads: Uint8Array;

  /** @param reads Uint8 per image of the store; set when the image is read. */
  constructor(handle: PixelStoreHandle, reads: SharedArrayBuffer) {
    this.#store = new PixelStore(handle);
    this.#reads = new Uint8Array(reads);
  }

  /** Side of the images in pixels. */
  get size(): number {
    return this.#store.size;
  }

  /**
   * Reads a batch [N, S, S, 3] into new memory, with the images flipped that the batch marks.
   *
   * @param rowCount N; padding rows are zero.
   */
  bytes(batch: ImageBatch, rowCount = batch.indices.length): Uint8Array {
    const { size } = this.#store;
    const bytes = new Uint8Array(rowCount * size * size * 3);
    fillBatch(this.#store, batch, bytes);
    for (const index of batch.indices) this.#reads[index] = 1;
    return bytes;
  }

  /** As {@link bytes}, of views: floats if some are crops, whose pixels are interpolated and not rounded. */
  pixels(batch: ViewBatch, rowCount = batch.indices.length): Uint8Array | Float32Array {
    const { crops } = batch;
    if (crops === undefined) return this.bytes(batch, rowCount);
    const { size } = this.#store;
    const imageLength = size * size * 3;
    const values = new Float32Array(rowCount * imageLength);
    for (const [row, index] of batch.indices.entries()) {
      const view = { crop: crops[row]!, mirror: batch.flips[row] === 1 };
      const out = values.subarray(row * imageLength, (row + 1) * imageLength);
      fillView(this.#store.pixels(index), size, view, out);
      this.#reads[index] = 1;
    }
    return values;
  }

  /** As {@link pixels}, as a tensor. The caller disposes it. */
  read(batch: ViewBatch, rowCount = batch.indices.length): tf.Tensor4D {
    const { size } = this.#store;
    return pixelsTensor(this.pixels(batch, rowCount), [rowCount, size, size, 3]);
  }
}

// --- internal ---

function pixelsTensor(pixels: Uint8Array | Float32Array, shape: [number, number, number, number]): tf.Tensor4D {
  return pixels instanceof Uint8Array ? (bytesTensor(pixels, shape) as tf.Tensor4D) : tf.tensor4d(pixels, shape);
}
