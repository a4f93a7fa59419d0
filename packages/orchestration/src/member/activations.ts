/** What a frozen front makes of the images, computed once where it fits into memory. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { epochBatches, type ImageBatch } from '@chorus/data';
import type { TrainablePart } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import type { ImageReader } from './image-reader.ts';
import type { StopFlag } from './stop-flag.ts';

/** Images a forward pass, where no gradient is needed. */
export const forwardBatchSize = 32;

/** Activations at the cut of a {@link TrainablePart}, by image and mirroring. */
export class Activations {
  readonly #part: TrainablePart;
  readonly #images: ImageReader;
  /** Row of an image, unmirrored; its mirror image is the next one. */
  readonly #rowOf: ReadonlyMap<number, number>;
  readonly #width: number;
  /** [rows, width]; undefined where the front is run anew each time. */
  #rows: Float32Array | undefined;

  constructor(part: TrainablePart, images: ImageReader, indices: Uint32Array) {
    this.#part = part;
    this.#images = images;
    this.#rowOf = new Map(Array.from(indices, (index, position) => [index, 2 * position]));
    this.#width = part.cut.shape.reduce((product, side) => product * side, 1);
  }

  /**
   * Runs the front over all images, if what comes out is worth keeping: behind the input and within the budget.
   *
   * @param mirrored also the mirror images.
   */
  async compute(mirrored: boolean, budgetBytes: number, stop: StopFlag): Promise<void> {
    const length = 2 * this.#rowOf.size * this.#width;
    if (this.#part.cut.layerName === 'input' || length * Float32Array.BYTES_PER_ELEMENT > budgetBytes) return;
    const rows = new Float32Array(length);
    const indices = Uint32Array.from(this.#rowOf.keys());
    for (const batch of plainBatches(indices, forwardBatchSize)) {
      for (const flip of mirrored ? [0, 1] : [0]) {
        stop.check();
        const values = tf.tidy(() => this.#run({ ...batch, flips: batch.flips.map(() => flip) }).dataSync());
        for (const [position, index] of batch.indices.entries())
          rows.set(
            values.subarray(position * this.#width, (position + 1) * this.#width) as Float32Array,
            (this.#rowOf.get(index)! + flip) * this.#width,
          );
        await nextTurn();
      }
    }
    this.#rows = rows;
  }

  /** [N, ...cut]; the caller disposes. */
  batch(batch: ImageBatch): tf.Tensor {
    if (this.#rows === undefined) return this.#run(batch);
    const values = new Float32Array(batch.indices.length * this.#width);
    for (const [position, index] of batch.indices.entries()) {
      const start = (this.#rowOf.get(index)! + batch.flips[position]!) * this.#width;
      values.set(this.#rows.subarray(start, start + this.#width), position * this.#width);
    }
    return tf.tensor(values, [batch.indices.length, ...this.#part.cut.shape]);
  }

  #run(batch: ImageBatch): tf.Tensor {
    return tf.tidy(() => this.#part.prefix(this.#images.read(batch)));
  }
}

/** Images in their order, none mirrored, the last batch as small as it comes. */
export function plainBatches(indices: Uint32Array, batchSize: number): Generator<ImageBatch> {
  return epochBatches(indices, { batchSize, seed: 0, epochIndex: 0, shuffle: false, flip: false });
}
