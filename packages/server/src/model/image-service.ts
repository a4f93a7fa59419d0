/** Classifies images with the current version of a bundle, of which only so many may be pending. */
import { availableParallelism } from 'node:os';
import { busy, RequestError, tooManyImages } from '../errors.ts';
import { requireCounts } from '../require-counts.ts';
import { bundleVersion } from './bundle-version.ts';
import type { ImageAnswer, ImageContent, ModelFacts } from './protocol.ts';
import { ServedModel, type ServedModelOptions } from './served-model.ts';

export interface ServiceOptions {
  /** Classifies with the bundle's student in place of the ensemble. */
  student?: boolean | undefined;
  /** As of `loadClassifier`. */
  backend?: 'auto' | 'onnxruntime' | 'wasm' | undefined;
  /** Worker threads, each with the bundle in its memory; by default as many as processors, at most 4. */
  workers?: number | undefined;
  /** An image with more pixels is refused, and each worker decodes at most as many at a time; 50 million by default. */
  maxPixels?: number | undefined;
  /** Images that the networks of a worker take at a time, at most; 8 by default. */
  batchSize?: number | undefined;
  /**
   * How long an image may wait for others while its worker is idle, milliseconds; by default 0: a batch has the images that
   * arrived while the worker was busy.
   */
  batchDelayMs?: number | undefined;
  /** Images that may wait or be in work; further ones are refused. 256 by default. */
  maxPending?: number | undefined;
  /** Receives why a worker ended, and why its successor cannot load the bundle; by default, they are printed. */
  onError?: ((error: unknown) => void) | undefined;
}

/** The bundle that classifies images now. */
export interface ModelInUse extends ModelFacts {
  /** Changes with the content of the bundle: the first digits of the sha256 of its list of checksums. */
  version: string;
}

/**
 * Loads a bundle into worker threads.
 *
 * @returns a service for `createServerApp`; the caller closes it.
 * @throws ServerError for an invalid option, or a bundle that cannot be loaded.
 * @example
 * const service = await openService('run/bundle', { workers: 2 });
 * const app = createServerApp(service);
 * const response = await app.request('/classify', { method: 'POST', body: jpeg, headers: { 'Content-Type': 'image/jpeg' } });
 * await service.close();
 */
export async function openService(bundle: string, options: ServiceOptions = {}): Promise<ImageService> {
  const processors = availableParallelism();
  const { workers = Math.min(processors, 4), maxPending = 256, batchSize = 8, batchDelayMs = 0 } = options;
  const { maxPixels = 50e6, student = false, backend = 'auto', onError = console.error } = options;
  requireCounts({ workers, maxPending, batchSize, maxPixels }, 1);
  requireCounts({ batchDelayMs }, 0);
  const engineThreads = Math.min(Math.max(Math.floor(processors / workers), 1), 4);
  const startup = { bundle, student, backend, engineThreads, maxPixels, batchSize, batchDelayMs };
  const served: ServedModelOptions = { startup, threadCount: workers, onError };
  return new ImageService(await ServedModel.open(served), { served, maxPending });
}

export class ImageService {
  readonly #options: { served: ServedModelOptions; maxPending: number };
  #current: ServedModel;
  /** Ends after the loading that was started last. */
  #loading: Promise<unknown> = Promise.resolve();
  /** Former versions that still answer images. */
  readonly #closing = new Map<ServedModel, Promise<void>>();
  readonly #counts = { classifiedCount: 0, unusableCount: 0, batchCount: 0 };
  #isStopping = false;
  #isClosed = false;

  /** @internal */
  constructor(current: ServedModel, options: { served: ServedModelOptions; maxPending: number }) {
    this.#current = current;
    this.#options = options;
  }

  get model(): ModelInUse {
    const { facts, version } = this.#current;
    return { ...facts, version };
  }

  /** Images that may wait or be in work, and therefore in one request. */
  get maxPending(): number {
    return this.#options.maxPending;
  }

  /** Images that wait or are in work, also of former versions. */
  get pendingCount(): number {
    return [this.#current, ...this.#closing.keys()].reduce((sum, { pendingCount }) => sum + pendingCount, 0);
  }

  /** Images and batches so far; a batch of which a request has abandoned images counts in part. */
  get counts(): Readonly<{ classifiedCount: number; unusableCount: number; batchCount: number }> {
    return this.#counts;
  }

  /** Whether {@link stop} has been called. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether a thread can classify images; a thread that ended is replaced. */
  get isReady(): boolean {
    return !this.#isStopping && this.#current.isReady;
  }

  /** @throws RequestError once {@link stop} has been called. */
  requireRunning(): void {
    if (this.#isStopping) throw stopping();
  }

  /** @throws RequestError unless there is room for that many images now. */
  requireRoom(imageCount: number): void {
    const { maxPending } = this;
    if (imageCount > maxPending) throw tooManyImages(maxPending, imageCount);
    if (this.pendingCount + imageCount > maxPending)
      throw busy(
        `Expected at most ${maxPending} images in work, received ${imageCount} on top of ${this.pendingCount}.`,
      );
  }

  /**
   * Classifies images, all with the same version of the bundle.
   *
   * @param images their buffers are transferred to the threads.
   * @returns one answer per image, in their order.
   * @throws RequestError unless there is room for that many images now, and after {@link close}; the signal's reason.
   */
  async classify(
    images: readonly ImageContent[],
    signal: AbortSignal,
  ): Promise<{ model: ModelInUse; answers: ImageAnswer[] }> {
    if (this.#isClosed) throw stopping();
    this.requireRoom(images.length);
    const { model } = this;
    const answers = await this.#current.classify(images, signal);
    for (const { classes, batchCount } of answers) {
      if (classes === undefined) this.#counts.unusableCount += 1;
      else {
        this.#counts.classifiedCount += 1;
        // Each image counts for its share of the batch.
        this.#counts.batchCount += 1 / batchCount;
      }
    }
    return { model, answers };
  }

  /**
   * Loads the bundle again if its content has changed. The former version answers until the new one has been loaded and verified,
   * and afterwards the images that it has received.
   *
   * @returns whether there is a new version.
   * @throws ServerError for a bundle that cannot be loaded; the former version then stays.
   */
  reload(): Promise<boolean> {
    const reloading = this.#loading.then(() => this.#reload());
    this.#loading = reloading.catch(() => {});
    return reloading;
  }

  /** Announces the end: the app refuses further requests, and answers those that it has begun to receive. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Refuses further images, and ends the threads once they have answered those that they received. */
  async close(): Promise<void> {
    this.stop();
    this.#isClosed = true;
    await this.#loading;
    await Promise.all([this.#current.close(), ...this.#closing.values()]);
  }

  async #reload(): Promise<boolean> {
    const { served } = this.#options;
    if (this.#isStopping || (await bundleVersion(served.startup.bundle)) === this.#current.version) return false;
    const former = this.#current;
    this.#current = await ServedModel.open(served);
    const closing = former.close().then(() => void this.#closing.delete(former));
    // An error is reported by `close`.
    closing.catch(() => {});
    this.#closing.set(former, closing);
    return true;
  }
}

// --- internal ---

function stopping(): RequestError {
  return new RequestError(503, 'stopping', 'The server is stopping; send the request to another one.');
}
