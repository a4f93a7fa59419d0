import { fillBatch, type ImageBatch, PixelStore, type PixelStoreHandle } from '@chorus/data';
import * as tf from '@tensorflow/tfjs';

/** Pixels of a store as tensors, for one purpose; every image that is read is recorded. */
export class ImageReader {
  readonly #store: PixelStore;
  readonly #reads: Uint8Array;

  /** @param reads Uint8 per image of the store; set when the image is read. */
  constructor(handle: PixelStoreHandle, reads: SharedArrayBuffer) {
    this.#store = new PixelStore(handle);
    this.#reads = new Uint8Array(reads);
  }

  /** Images as [N, S, S, 3], raw 0 … 255, mirrored where the batch says so. The caller disposes. */
  read(batch: ImageBatch): tf.Tensor4D {
    const { size } = this.#store;
    // Fresh memory each time: TensorFlow keeps using the array it is given.
    const values = new Float32Array(batch.indices.length * size * size * 3);
    fillBatch(this.#store, batch, values);
    for (const index of batch.indices) this.#reads[index] = 1;
    return tf.tensor4d(values, [batch.indices.length, size, size, 3]);
  }
}
