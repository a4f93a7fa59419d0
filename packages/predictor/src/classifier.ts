/** Classifies images with a loaded bundle. */
import type { BundleManifest } from '@chorus/models/bundle';
import type { Backend } from './engine.ts';
import type { LoadedEnsemble, Squares } from './ensemble.ts';
import { PredictorError } from './errors.ts';

export interface Classification {
  label: string;
  /** 0 to 1; the probabilities of all classes sum to 1. */
  probability: number;
}

export interface ClassifyOptions {
  /** Number of classes to return, the most probable first; by default all. */
  top?: number | undefined;
  /** Stops before the next image or network. */
  signal?: AbortSignal | undefined;
}

export interface ClassifyManyOptions extends ClassifyOptions {
  /** Images that the networks take at a time, whose pixels are in memory at once; 8 by default. */
  batchSize?: number | undefined;
}

/** How images are decoded. */
export type Decoding = BundleManifest['decoding'];

/** Decodes and resizes an image to squares, [size, size, 3] for each size. */
export type DecodeSquares<Image> = (
  image: Image,
  sizes: readonly number[],
  decoding: Decoding,
  signal: AbortSignal | undefined,
) => Promise<Uint8Array[]>;

/** An image that a classifier has decoded. Any classifier whose networks take images of the same sizes can use it. */
export class DecodedImage {
  /** @internal */
  readonly squares: Squares;

  /** @internal */
  constructor(squares: Squares) {
    this.squares = squares;
  }
}

/**
 * A bundle in memory. Calls may overlap: their networks run one after another. Dispose it after use, to free the networks.
 */
export class ImageClassifier<Image> {
  /** The bundle's name. */
  readonly name: string;
  /** In the bundle's order. */
  readonly labels: readonly string[];
  /** What runs the networks. */
  readonly backend: Backend;
  readonly #ensemble: LoadedEnsemble;
  readonly #decoding: Decoding;
  readonly #decode: DecodeSquares<Image>;
  /** Calls that have not ended. */
  readonly #calls = new Set<Promise<unknown>>();
  #isDisposed = false;

  /** @internal */
  constructor(
    { name, classes, decoding }: BundleManifest,
    ensemble: LoadedEnsemble,
    backend: Backend,
    decode: DecodeSquares<Image>,
  ) {
    this.name = name;
    this.labels = classes;
    this.backend = backend;
    this.#ensemble = ensemble;
    this.#decoding = decoding;
    this.#decode = decode;
  }

  /**
   * Classifies an image.
   *
   * @returns the classes, the most probable first.
   * @throws PredictorError for an image that cannot be decoded, an invalid option, or after `dispose`; the signal's reason.
   * @example
   * const [best] = await classifier.classify('cat.jpg', { top: 1 });
   * console.log(best.label, best.probability);
   */
  async classify(image: Image | DecodedImage, options: ClassifyOptions = {}): Promise<Classification[]> {
    const [result] = await this.classifyMany([image], options);
    return result!;
  }

  /**
   * Classifies images in batches, each batch decoded while the networks run on the one before.
   *
   * @returns the classes of each image, in the order of the images.
   * @throws as {@link classify}, for the first image that cannot be decoded; to skip such images, {@link decode} each first.
   */
  classifyMany(images: Iterable<Image | DecodedImage>, options: ClassifyManyOptions = {}): Promise<Classification[][]> {
    return this.#tracked(() => this.#classifyMany(images, options));
  }

  async #classifyMany(
    images: Iterable<Image | DecodedImage>,
    options: ClassifyManyOptions,
  ): Promise<Classification[][]> {
    const { top = this.labels.length, batchSize = 8, signal } = options;
    for (const [name, value] of Object.entries({ top, batchSize }))
      if (!Number.isInteger(value) || value < 1)
        throw new PredictorError(`Expected ${name} to be a whole number of at least 1, received ${value}.`);
    const results: Classification[][] = [];
    let running: Promise<Float32Array> | undefined;
    const finish = async () => {
      if (running !== undefined) results.push(...rowsOf(await running, this.labels, top));
    };
    try {
      for (const batch of batchesOf(images, batchSize)) {
        const decoded = await Promise.all(batch.map((image) => this.#squaresOf(image, signal)));
        await finish();
        running = this.#ensemble.predict(decoded, signal);
        // An error is reported by the call that waits for it.
        running.catch(() => {});
      }
      await finish();
      return results;
    } finally {
      await running?.catch(() => {});
    }
  }

  /**
   * Decodes and resizes an image, for `classify` or `classifyMany`, and so reports an unusable image before it is classified
   * with others.
   *
   * @throws PredictorError when it cannot be decoded.
   */
  decode(image: Image, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<DecodedImage> {
    return this.#tracked(async () => new DecodedImage(await this.#squaresOf(image, signal)));
  }

  /** Frees the networks once all calls have ended; later calls fail. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await Promise.allSettled(this.#calls);
    await this.#ensemble.dispose();
  }

  async #tracked<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#isDisposed) throw new PredictorError('Expected a classifier in use, received one that was disposed.');
    const call = run();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  async #squaresOf(image: Image | DecodedImage, signal: AbortSignal | undefined): Promise<Squares> {
    signal?.throwIfAborted();
    const { sizes } = this.#ensemble;
    if (image instanceof DecodedImage) {
      const missing = sizes.find((size) => !image.squares.has(size));
      if (missing === undefined) return image.squares;
      throw new PredictorError(
        `Expected an image decoded to ${missing} px, received one of ${[...image.squares.keys()].join(', ')} px; decode it with this classifier.`,
      );
    }
    const squares = await this.#decode(image, sizes, this.#decoding, signal);
    return new Map(sizes.map((size, index) => [size, squares[index]!]));
  }
}

// --- internal ---

function* batchesOf<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function rowsOf(probabilities: Float32Array, labels: readonly string[], top: number): Classification[][] {
  return Array.from({ length: probabilities.length / labels.length }, (_, row) =>
    labels
      .map((label, index) => ({ label, probability: probabilities[row * labels.length + index]! }))
      // A stable sort: of equal probabilities, the first class comes first, as in `predict`.
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top),
  );
}
