/** What a frozen front makes of the images, computed once where it fits into memory. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImageBatch } from '@chorus/data';
import type { FineTuneView } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import type { SharedFeatures } from '../lanes/protocol.ts';
import { forwardBatches, forwardBatchSize } from './forward-batches.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';
import type { StopFlag } from './stop-flag.ts';

/** What a stage may keep of its frozen front's output, for `fit` and `tune` together; bytes. */
export const activationBudgetBytes = 2 ** 30;

/** ActivationCache at the cut of a {@link FineTuneView}, by image and mirroring. */
export class ActivationCache {
  readonly #view: FineTuneView;
  readonly #images: ImageReader;
  readonly #positionOf: ReadonlyMap<number, number>;
  /** 2 where an image's mirror image is kept behind it. */
  readonly #rowsPerImage: 1 | 2;
  readonly #width: number;
  /** [rows, width]; undefined where the front is run anew each time. */
  #rows: Float32Array | undefined;

  /** @param mirrored whether batches will mirror images. */
  constructor(view: FineTuneView, images: ImageReader, indices: Uint32Array, mirrored: boolean) {
    this.#view = view;
    this.#images = images;
    this.#positionOf = new Map(Array.from(indices, (index, position) => [index, position]));
    this.#rowsPerImage = mirrored ? 2 : 1;
    this.#width = view.cut.shape.reduce((product, side) => product * side, 1);
  }

  /** Those that another task has computed: of the cut in front of the head, of the same first weights. */
  static shared(view: FineTuneView, images: ImageReader, features: SharedFeatures): ActivationCache {
    const activations = new ActivationCache(view, images, features.indices, features.rowsPerImage === 2);
    activations.#rows = new Float32Array(features.rows);
    return activations;
  }

  /**
   * Runs the front over all images, if what comes out is worth keeping: behind the input and within the budget.
   *
   * @returns bytes kept.
   */
  async compute(budgetBytes: number, lane: { stop: StopFlag; compute: ComputeSettings }): Promise<number> {
    const length = this.#rowsPerImage * this.#positionOf.size * this.#width;
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    if (this.#view.cut.layerName === 'input' || bytes > budgetBytes) return 0;
    const rows = new Float32Array(length);
    await this.fill(rows, lane);
    this.#rows = rows;
    return bytes;
  }

  /**
   * Runs the front over all images into [images × (1 or, mirrored, 2), width].
   *
   * @param onBatch called after each batch of so many.
   */
  async fill(
    rows: Float32Array,
    { stop, compute }: { stop: StopFlag; compute: ComputeSettings },
    onBatch: (batchIndex: number, batchCount: number) => void = () => {},
  ): Promise<void> {
    const indices = Uint32Array.from(this.#positionOf.keys());
    const batchCount = Math.ceil(indices.length / forwardBatchSize);
    const front = prepareFunction(
      compute,
      { name: 'front', callCount: this.#rowsPerImage * batchCount },
      (pixels: tf.Tensor4D) => this.#view.prefix(pixels),
    );
    try {
      let batchIndex = 0;
      for (const { batch, rowCount } of forwardBatches(indices)) {
        for (const flip of this.#rowsPerImage === 2 ? [0, 1] : [0]) {
          stop.check();
          const flips = batch.flips.map(() => flip);
          const output = tf.tidy(() => front(this.#images.read({ ...batch, flips }, rowCount)));
          // Outside of tidy, which looks for tensors in each element of an array that it returns: seconds for a large one.
          const values = output.dataSync();
          output.dispose();
          for (const [position, index] of batch.indices.entries())
            rows.set(
              values.subarray(position * this.#width, (position + 1) * this.#width) as Float32Array,
              this.#startOf(index, flip),
            );
          await nextTurn();
        }
        onBatch(batchIndex, batchCount);
        batchIndex += 1;
      }
    } finally {
      front.dispose();
    }
  }

  /**
   * What {@link activations} takes for a batch: kept rows, or pixels. The caller disposes.
   *
   * @param rowCount N; rows behind the batch's images are zero.
   */
  input(batch: ImageBatch, rowCount = batch.indices.length): tf.Tensor {
    if (this.#rows === undefined) return this.#images.read(batch, rowCount);
    const values = new Float32Array(rowCount * this.#width);
    for (const [position, index] of batch.indices.entries()) {
      const start = this.#startOf(index, batch.flips[position]!);
      values.set(this.#rows.subarray(start, start + this.#width), position * this.#width);
    }
    return tf.tensor(values, [rowCount, ...this.#view.cut.shape]);
  }

  /** A batch's {@link input} → [N, ...cut]; made of tensors alone, so that it can be part of a compiled function. */
  activations(input: tf.Tensor): tf.Tensor {
    return this.#rows === undefined ? this.#view.prefix(input as tf.Tensor4D) : tf.clone(input);
  }

  #startOf(index: number, flip: number): number {
    return (this.#positionOf.get(index)! * this.#rowsPerImage + flip) * this.#width;
  }
}
