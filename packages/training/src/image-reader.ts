import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import { bytesTensor } from '@chorus/runtime';
import type tf from '@chorus/tfjs';

/** Reads images of a pixel store, and records which images are read. */
export class ImageReader {
  readonly #store: PixelStore;
  readonly #reads: Uint8Array;

  /** @param reads Uint8 per image of the store; set when the image is read. */
  constructor(handle: PixelStoreHandle, reads: SharedArrayBuffer) {
    this.#store = new PixelStore(handle);
    this.#reads = new Uint8Array(reads);
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

  /** As {@link bytes}, as a tensor. The caller disposes it. */
  read(batch: ImageBatch, rowCount = batch.indices.length): tf.Tensor4D {
    const { size } = this.#store;
    return bytesTensor(this.bytes(batch, rowCount), [rowCount, size, size, 3]) as tf.Tensor4D;
  }
}
