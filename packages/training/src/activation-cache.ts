/** Outputs of the frozen layers for every image, computed once if they fit into memory. */
import { type Classifier, type FineTuneView, positionsOf, type View, viewsOf } from '@chorus/models';
import tf from '@chorus/tfjs';
import { augmentPixels } from './augment/augment-pixels.ts';
import type { Augmentation, AugmentedBatch } from './augmentation.ts';
import type { DrawnCopies } from './cached-copies.ts';
import { TrainingError } from './errors.ts';
import { frontRows, rowCountOf } from './front-rows.ts';
import { prepareImageFunction } from './image-function.ts';
import type { ImageReader, ViewBatch } from './image-reader.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { SharedFeatures } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';
import { viewsInRows } from './views.ts';

/** Maximum size of a stage's cached outputs of frozen layers in bytes, for `fit` and `tune` together. */
export const activationBudgetBytes = 2 ** 30;

/** The frozen layers, `view` of `classifier`, and the images they run over. */
export interface CacheSource {
  classifier: Classifier;
  view: FineTuneView;
  images: ImageReader;
}

/** Activations at the cut of a {@link FineTuneView}, by image, and by which view or copy of it they are of. */
export class ActivationCache {
  readonly #classifier: Classifier;
  readonly #view: FineTuneView;
  readonly #images: ImageReader;
  readonly #positionOf: ReadonlyMap<number, number>;
  /** The views of each image, whose rows follow each other. */
  #views: readonly View[];
  readonly #copies: DrawnCopies | undefined;
  readonly #width: number;
  /** [rows, width]; undefined if the frozen layers run for every batch. */
  #rows: Float32Array | undefined;

  /**
   * @param viewsPerImage 2 if batches contain flipped images.
   * @param copies copies that batches contain.
   */
  constructor(
    { classifier, view, images }: CacheSource,
    indices: Uint32Array,
    viewsPerImage: 1 | 2,
    copies?: DrawnCopies,
  ) {
    this.#classifier = classifier;
    this.#view = view;
    this.#images = images;
    this.#positionOf = new Map(Array.from(indices, (index, position) => [index, position]));
    this.#views = viewsOf(viewsPerImage === 2);
    this.#copies = copies;
    this.#width = view.cut.shape.reduce((product, side) => product * side, 1);
  }

  /** Wraps activations that another task computed from the same initial weights, at the cut before the head. */
  static shared(source: CacheSource, features: SharedFeatures): ActivationCache {
    const cache = new ActivationCache(source, features.indices, 1, features.cachedCopies);
    cache.#views = viewsInRows(features);
    cache.#rows = new Float32Array(features.rows);
    return cache;
  }

  /**
   * Runs the frozen layers over all images, unless the cut is the input or the rows exceed the budget.
   *
   * @returns the size of the cache in bytes.
   * @throws TrainingError for copies that cannot be kept.
   */
  async compute(budgetBytes: number, lane: { stop: StopFlag; compute: ComputeSettings }): Promise<number> {
    const rowCount = rowCountOf(this.#positionOf.size, this.#views.length, this.#copies);
    const bytes = rowCount * this.#width * Float32Array.BYTES_PER_ELEMENT;
    const isFrozen = this.#view.cut.layerName !== 'input';
    if (this.#copies !== undefined) requireRoom(this.#copies, { isFrozen, bytes, budgetBytes });
    if (!isFrozen || bytes > budgetBytes) return 0;
    this.#rows = await this.#compute(lane);
    return bytes;
  }

  /** Runs the frozen layers over all images, with the rows in the order of {@link SharedFeatures}. */
  async #compute({ stop, compute }: { stop: StopFlag; compute: ComputeSettings }): Promise<Float32Array> {
    const indices = Uint32Array.from(this.#positionOf.keys());
    const layout = { indices, rowsPerImage: this.#views.length, cachedCopies: this.#copies };
    const { layerName: cut } = this.#view.cut;
    const rowCount = rowCountOf(indices.length, this.#views.length, this.#copies);
    const front = await prepareImageFunction(this.#classifier, { output: { cut }, rowCount }, compute);
    const rows = new Float32Array(rowCount * this.#width);
    try {
      await frontRows(front, this.#images, layout, { rows, width: this.#width, stop });
      return rows;
    } finally {
      await front.dispose();
    }
  }

  /**
   * The input of {@link activations} for a batch: cached rows, or pixels. The caller disposes it.
   *
   * @param rowCount N; padding rows are zero.
   */
  input(batch: ViewBatch & Pick<AugmentedBatch, 'versions'>, rowCount = batch.indices.length): tf.Tensor {
    if (this.#rows === undefined) return this.#images.read(batch, rowCount);
    const values = new Float32Array(rowCount * this.#width);
    for (const [position, index] of batch.indices.entries()) {
      const start = this.#startOf(index, this.#viewAt(batch, position), batch.versions?.[position] ?? 0);
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
   * @throws Error for augmented images if activations are kept.
   */
  augmented(input: tf.Tensor, augmentation: Augmentation, parameters?: tf.Tensor2D): tf.Tensor {
    if (augmentation.kind !== 'random') return this.activations(input);
    if (this.#rows !== undefined || parameters === undefined)
      throw new Error(`cannot augment the activations of ${this.#view.cut.layerName}`);
    return tf.tidy(() => this.activations(augmentPixels(input as tf.Tensor4D, parameters, augmentation)));
  }

  /** The position of a batch's view among the rows of its image. */
  #viewAt({ flips, crops }: ViewBatch, position: number): number {
    const mirror = flips[position] === 1;
    const crop = crops?.[position] ?? null;
    // The image and its mirror image come first.
    return crop === null ? Number(mirror) : positionsOf([{ crop, mirror }], this.#views)[0]!;
  }

  #startOf(index: number, view: number, version: number): number {
    const position = this.#positionOf.get(index)!;
    const viewCount = this.#views.length;
    if (version === 0) return (position * viewCount + view) * this.#width;
    return (this.#positionOf.size * (viewCount + version - 1) + position) * this.#width;
  }
}

// --- internal ---

function requireRoom(
  { count }: DrawnCopies,
  { isFrozen, bytes, budgetBytes }: { isFrozen: boolean; bytes: number; budgetBytes: number },
): void {
  if (!isFrozen)
    throw new TrainingError(
      `recipe.cachedCopies is ${count}, but all layers train; set recipe.fineTune.lastLayers to "all" for augmentation in the training step`,
    );
  if (bytes > budgetBytes)
    throw new TrainingError(
      `the outputs of the frozen layers for ${count} copies of each image take ${Math.ceil(bytes / 1e6)} MB, more than the ${Math.floor(budgetBytes / 1e6)} MB that a stage can keep; lower recipe.cachedCopies, or train fewer layers`,
    );
}
