import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import { bytesTensor } from '@chorus/runtime';
import type * as tf from '@tensorflow/tfjs';

/** Reads images of a pixel store as tensors, and records which images are read. */
export class ImageReader {
  readonly #store: PixelStore;
  readonly #reads: Uint8Array;

  /** @param reads Uint8 per image of the store; set when the image is read. */
  constructor(handle: PixelStoreHandle, reads: SharedArrayBuffer) {
    this.#store = new PixelStore(handle);
    this.#reads = new Uint8Array(reads);
  }

  /**
   * Reads a batch as bytes [N, S, S, 3], with the images flipped that the batch marks. The caller disposes it.
   *
   * @param rowCount N; padding rows are zero.
   */
  read(batch: ImageBatch, rowCount = batch.indices.length): tf.Tensor4D {
    const { size } = this.#store;
    // New memory for each call, since TensorFlow keeps using the array.
    const bytes = new Uint8Array(rowCount * size * size * 3);
    fillBatch(this.#store, batch, bytes);
    for (const index of batch.indices) this.#reads[index] = 1;
    return bytesTensor(bytes, [rowCount, size, size, 3]) as tf.Tensor4D;
  }
}
