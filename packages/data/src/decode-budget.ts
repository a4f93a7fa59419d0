/** Bounds the memory of decoding: so many pixels at a time, however many images. */
export class PixelBudget {
  #free: number;
  /** In order of arrival: a large image is not passed by small ones for ever. */
  readonly #waiting: { pixelCount: number; start: () => void }[] = [];

  /** @param pixelCount what may be decoded at a time; no single image may have more. */
  constructor(pixelCount: number) {
    this.#free = pixelCount;
  }

  /**
   * Runs work once its pixels fit beside those of others.
   *
   * Work that takes too long is given up, but holds its pixels until it ends: a native decoder cannot be interrupted,
   * and its memory is still there.
   *
   * @param timeoutMs from the start of the work; waiting for others does not count.
   * @throws Error when the work fails or takes too long.
   */
  async run<T>(pixelCount: number, timeoutMs: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ pixelCount, start });
      this.#startNext();
    });
    const running = work().finally(() => {
      this.#free += pixelCount;
      this.#startNext();
    });
    return withinTime(running, timeoutMs);
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.pixelCount <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.pixelCount;
      next.start();
    }
  }
}

/**
 * Waits for work, but not longer than a time.
 *
 * @throws Error when the work fails or takes longer.
 */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${timeoutMs} ms to decode`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
