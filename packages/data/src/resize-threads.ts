/** Resizes beside the main thread, where an image is so large that it would hold up the others. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';
import type { RgbImage } from './decode-pixels.ts';
import { type ResizeMethod, resizeToSquare } from './decode-resize.ts';

/** What a thread is called with. */
export interface ResizeTask {
  image: RgbImage;
  /** Sides of the squares, pixels. */
  sizes: readonly number[];
}

/**
 * From here on threads take over: Pillow's filter would hold the main thread for 5 ms or more. Below, a thread
 * costs as much as it gains (measured with 2 cores).
 */
export const largePixelCount = 1_000_000;

/** Squares of images; its threads start with the first large ones, and `close` ends them. */
export class ResizeThreads {
  readonly #maxThreads: number;
  #pool: Piscina<ResizeTask, Uint8Array[]> | undefined;
  #isClosed = false;

  /** @param maxThreads as many as images are decoded at a time: none waits for another. */
  constructor(maxThreads: number) {
    this.#maxThreads = maxThreads;
  }

  /** Threads that run now; they start one by one, when a large image finds the others at work. */
  get threadCount(): number {
    return this.#pool?.threads.length ?? 0;
  }

  /**
   * Resizes the whole image, whatever its shape, to a square of each size.
   *
   * @param sizes sides of the squares, pixels.
   * @returns for each size [size, size, 3], RGB 0 … 255.
   * @throws Error when this is closed, before or meanwhile.
   */
  async resize(image: RgbImage, sizes: readonly number[], method: ResizeMethod): Promise<Uint8Array[]> {
    // sharp has threads of its own, and OpenCV's filter looks at four pixels for each that it makes.
    if (method !== 'pillow' || image.width * image.height < largePixelCount)
      return Promise.all(sizes.map((size) => resizeToSquare(image, size, method)));
    if (this.#isClosed) throw new Error('was decoded after all others had ended');
    this.#pool ??= new Piscina({
      filename: pathToFileURL(workerPath).href,
      minThreads: 0,
      maxThreads: this.#maxThreads,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    // Node hands no Buffer's memory over, and sharp's toUint8Array, whose memory could be, never frees the pixels that it
    // copies (0.35.5). The copies of two images are never made at once.
    const data = new Uint8Array(image.data);
    return this.#pool.run({ image: { ...image, data }, sizes }, { transferList: [data.buffer] });
  }

  /** Ends the threads, at once: whoever still waits for one gets an error. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.destroy();
  }
}

// --- internal ---

// The compiled thread entry, the same one from `src` (tests) and from `dist`.
const workerPath = createRequire(import.meta.url).resolve('#resize-worker');
