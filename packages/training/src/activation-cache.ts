/** Outputs of the frozen layers for every image, computed once if they fit into memory. */
import type { ImageBatch } from '@chorus/data';
import type { FineTuneView } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { forwardBatchSize, forwardRows } from './forward-rows.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';
import type { SharedFeatures } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** Maximum size of a stage's cached outputs of frozen layers in bytes, for `fit` and `tune` together. */
export const activationBudgetBytes = 2 ** 30;

/** Activations at the cut of a {@link FineTuneView}, by image and by whether it is flipped. */
export class ActivationCache {
  readonly #view: FineTuneView;
  readonly #images: ImageReader;
  readonly #positionOf: ReadonlyMap<number, number>;
  /** 2 if each image's row is followed by that of its mirror image. */
  readonly #viewsPerImage: 1 | 2;
  readonly #width: number;
  /** [rows, width]; undefined if the frozen layers run for every batch. */
  #rows: Float32Array | undefined;

  /** @param viewsPerImage 2 if batches contain flipped images. */
  constructor(view: FineTuneView, images: ImageReader, indices: Uint32Array, viewsPerImage: 1 | 2) {
    this.#view = view;
    this.#images = images;
    this.#positionOf = new Map(Array.from(indices, (index, position) => [index, position]));
    this.#viewsPerImage = viewsPerImage;
    this.#width = view.cut.shape.reduce((product, side) => product * side, 1);
  }

  /** Wraps activations that another task computed from the same initial weights, at the cut before the head. */
  static shared(view: FineTuneView, images: ImageReader, features: SharedFeatures): ActivationCache {
    const cache = new ActivationCache(view, images, features.indices, features.rowsPerImage);
    cache.#rows = new Float32Array(features.rows);
    return cache;
  }

  /**
   * Runs the frozen layers over all images, unless the cut is the input or the rows exceed the budget.
   *
   * @returns the size of the cache in bytes.
   */
  async compute(budgetBytes: number, lane: { stop: StopFlag; compute: ComputeSettings }): Promise<number> {
    const bytes = this.#viewsPerImage * this.#positionOf.size * this.#width * Float32Array.BYTES_PER_ELEMENT;
    if (this.#view.cut.layerName === 'input' || bytes > budgetBytes) return 0;
    this.#rows = await this.rows(lane);
    return bytes;
  }

  /**
   * Runs the frozen layers over all images.
   *
   * @param rows memory for the output; by default, new memory.
   * @param onBatch called after each batch.
   * @returns [images × viewsPerImage, width]
   */
  async rows(
    { stop, compute }: { stop: StopFlag; compute: ComputeSettings },
    rows?: Float32Array,
    onBatch?: (batchIndex: number, batchCount: number) => void,
  ): Promise<Float32Array> {
    const indices = Uint32Array.from(this.#positionOf.keys());
    const viewsPerImage = this.#viewsPerImage;
    const front = prepareFunction(
      compute,
      { name: 'front', callCount: viewsPerImage * Math.ceil(indices.length / forwardBatchSize) },
      (pixels: tf.Tensor4D) => this.#view.prefix(pixels),
    );
    const options = { width: this.#width, viewsPerImage, stop, ...(rows && { rows }), ...(onBatch && { onBatch }) };
    try {
      return await forwardRows(indices, options, (batch, rowCount) => front(this.#images.read(batch, rowCount)));
    } finally {
      front.dispose();
    }
  }

  /**
   * The input of {@link activations} for a batch: cached rows, or pixels. The caller disposes it.
   *
   * @param rowCount N; padding rows are zero.
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

  /** A batch's {@link input} → [N, ...cut]. Uses tensors only, so that it can be part of a compiled function. */
  activations(input: tf.Tensor): tf.Tensor {
    return this.#rows === undefined ? this.#view.prefix(input as tf.Tensor4D) : tf.clone(input);
  }

  #startOf(index: number, flip: number): number {
    return (this.#positionOf.get(index)! * this.#viewsPerImage + flip) * this.#width;
  }
}
