import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import { bytesTensor } from '@chorus/runtime';
import type * as tf from '@tensorflow/tfjs';

/** Pixels of a store as tensors, for one purpose; every image that is read is recorded. */
export class ImageReader {
  readonly #store: PixelStore;
  readonly #reads: Uint8Array;

  /** @param reads Uint8 per image of the store; set when the image is read. */
  constructor(handle: PixelStoreHandle, reads: SharedArrayBuffer) {
    this.#store = new PixelStore(handle);
    this.#reads = new Uint8Array(reads);
  }

  /**
   * Images as bytes [N, S, S, 3], mirrored where the batch says so. The caller disposes.
   *
   * @param rowCount N; rows behind the batch's images are black.
   */
  read(batch: ImageBatch, rowCount = batch.indices.length): tf.Tensor4D {
    const { size } = this.#store;
    // Fresh memory each time: TensorFlow keeps using the array it is given.
    const bytes = new Uint8Array(rowCount * size * size * 3);
    fillBatch(this.#store, batch, bytes);
    for (const index of batch.indices) this.#reads[index] = 1;
    return bytesTensor(bytes, [rowCount, size, size, 3]) as tf.Tensor4D;
  }
}
