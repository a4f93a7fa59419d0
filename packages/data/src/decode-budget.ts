/** Bounds the memory used for decoding by limiting the number of pixels decoded at a time. */
export class PixelBudget {
  #free: number;
  /** First in, first out: small images cannot starve a large one. */
  readonly #waiting: { pixelCount: number; start: () => void }[] = [];

  /** @param pixelCount maximum number of pixels decoded at a time, and therefore of one image. */
  constructor(pixelCount: number) {
    this.#free = pixelCount;
  }

  /**
   * Runs work once enough of the budget is free.
   *
   * Work that exceeds its time is abandoned but holds its pixels until it ends: a native decoder cannot be interrupted and
   * keeps its memory.
   *
   * @param timeoutMs from the start of the work, without the time in the queue.
   * @throws Error when the work fails or exceeds its time.
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
 * Waits for work with a time limit.
 *
 * @throws Error when the work fails or exceeds the limit.
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
