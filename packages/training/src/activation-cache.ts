/** Outputs of the frozen layers for every image, computed once if they fit into memory. */
import type { ImageBatch } from '@chorus/data';
import type { Classifier, FineTuneView } from '@chorus/models';
import tf from '@chorus/tfjs';
import { augmentPixels } from './augment/augment-pixels.ts';
import type { Augmentation } from './augmentation.ts';
import { forwardRows, type ViewsPerImage } from './forward-rows.ts';
import { prepareImageFunction } from './image-function.ts';
import type { ImageReader } from './image-reader.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { SharedFeatures } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** Maximum size of a stage's cached outputs of frozen layers in bytes, for `fit` and `tune` together. */
export const activationBudgetBytes = 2 ** 30;

/** The frozen layers, `view` of `classifier`, and the images they run over. */
export interface CacheSource {
  classifier: Classifier;
  view: FineTuneView;
  images: ImageReader;
}

/** Activations at the cut of a {@link FineTuneView}, by image and by whether it is flipped. */
export class ActivationCache {
  readonly #classifier: Classifier;
  readonly #view: FineTuneView;
  readonly #images: ImageReader;
  readonly #positionOf: ReadonlyMap<number, number>;
  /** 2 if each image's row is followed by that of its mirror image. */
  readonly #viewsPerImage: ViewsPerImage;
  readonly #width: number;
  /** [rows, width]; undefined if the frozen layers run for every batch. */
  #rows: Float32Array | undefined;

  /** @param viewsPerImage 2 if batches contain flipped images. */
  constructor({ classifier, view, images }: CacheSource, indices: Uint32Array, viewsPerImage: ViewsPerImage) {
    this.#classifier = classifier;
    this.#view = view;
    this.#images = images;
    this.#positionOf = new Map(Array.from(indices, (index, position) => [index, position]));
    this.#viewsPerImage = viewsPerImage;
    this.#width = view.cut.shape.reduce((product, side) => product * side, 1);
  }

  /** Wraps activations that another task computed from the same initial weights, at the cut before the head. */
  static shared(source: CacheSource, features: SharedFeatures): ActivationCache {
    const cache = new ActivationCache(source, features.indices, features.rowsPerImage);
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
    this.#rows = await this.#compute(lane);
    return bytes;
  }

  /** Runs the frozen layers over all images: [images × viewsPerImage, width]. */
  async #compute({ stop, compute }: { stop: StopFlag; compute: ComputeSettings }): Promise<Float32Array> {
    const indices = Uint32Array.from(this.#positionOf.keys());
    const [viewsPerImage, width] = [this.#viewsPerImage, this.#width];
    const { layerName: cut } = this.#view.cut;
    const options = { output: { cut }, rowCount: indices.length * viewsPerImage };
    const front = await prepareImageFunction(this.#classifier, options, compute);
    try {
      return await forwardRows(indices, { width, viewsPerImage, stop }, (batch) => front.rows(this.#images, batch));
    } finally {
      await front.dispose();
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

  /**
   * As {@link activations}, of augmented images.
   *
   * @param parameters those of the batch, with an augmentation of kind `random`.
   * @throws Error for augmented images if layers are frozen, because their activations may be kept.
   */
  augmented(input: tf.Tensor, augmentation: Augmentation, parameters?: tf.Tensor2D): tf.Tensor {
    if (augmentation.kind !== 'random') return this.activations(input);
    if (this.#view.cut.layerName !== 'input' || parameters === undefined)
      throw new Error(`cannot augment the activations of ${this.#view.cut.layerName}`);
    return tf.tidy(() => this.activations(augmentPixels(input as tf.Tensor4D, parameters, augmentation)));
  }

  #startOf(index: number, flip: number): number {
    return (this.#positionOf.get(index)! * this.#viewsPerImage + flip) * this.#width;
  }
}
