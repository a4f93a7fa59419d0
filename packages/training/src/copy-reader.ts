import type { ImageBatch } from '@chorus/data';
import { philoxUniform, streamSeed } from '@chorus/models';
import { bytesTensor } from '@chorus/runtime';
import type tf from '@chorus/tfjs';
import { augmentPixels } from './augment/augment-pixels.ts';
import { drawParameters, parametersOf } from './augment/parameters.ts';
import type { DrawnCopies } from './cached-copies.ts';
import { numbersOf } from './forward-rows.ts';
import type { BatchReader, ImageReader } from './image-reader.ts';

/** Reads one augmented copy of each image, in whole pixel values, which both engines for forward passes take. */
export class CopyReader implements BatchReader {
  readonly #images: ImageReader;
  readonly #copies: DrawnCopies;
  readonly #copy: number;

  /** @param copy number of the copy, from 1. */
  constructor(images: ImageReader, copies: DrawnCopies, copy: number) {
    this.#images = images;
    this.#copies = copies;
    this.#copy = copy;
  }

  /**
   * As {@link ImageReader.bytes}. What is changed depends on the seed, the image's index and the copy only; the flips of the batch
   * are ignored.
   */
  bytes({ indices }: ImageBatch, rowCount = indices.length): Uint8Array {
    const { augmentation, seed } = this.#copies;
    const { size } = this.#images;
    const flips = this.#flips(indices);
    const parameters = drawParameters(augmentation, indices, { seed, epochIndex: this.#copy, size });
    const bytes = new Uint8ClampedArray(rowCount * size * size * 3);
    // Rounds to the nearest whole number.
    bytes.set(
      numbersOf(() =>
        augmentPixels(this.#images.read({ indices, flips }), parametersOf({ parameters })[0]!, augmentation),
      ),
    );
    return new Uint8Array(bytes.buffer);
  }

  /** As {@link bytes}. */
  pixels(batch: ImageBatch, rowCount?: number): Uint8Array {
    return this.bytes(batch, rowCount);
  }

  /** As {@link bytes}, as a tensor. The caller disposes it. */
  read(batch: ImageBatch, rowCount = batch.indices.length): tf.Tensor4D {
    const { size } = this.#images;
    return bytesTensor(this.bytes(batch, rowCount), [rowCount, size, size, 3]) as tf.Tensor4D;
  }

  #flips(indices: Uint32Array): Uint8Array {
    const { augmentation, seed } = this.#copies;
    const key = streamSeed(seed, `flipped copies ${this.#copy}`);
    return Uint8Array.from(indices, (image) => (augmentation.flip && philoxUniform([key, image], 1)[0]! < 0.5 ? 1 : 0));
  }
}
