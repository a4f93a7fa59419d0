/** Collects single items into batches. */

export interface MicroBatchesOptions<Item, Result> {
  /** Largest batch. */
  size: number;
  /**
   * How long an item may wait for others while nothing runs. With 0, a batch has the items that arrived while the batch before
   * it ran.
   */
  delayMs: number;
  /** Runs a batch; batches do not overlap. Returns one result per item. */
  run(items: Item[]): Promise<Result[]>;
}

export interface BatchedResult<Result> {
  result: Result;
  /** Items in its batch. */
  batchCount: number;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(value: BatchedResult<Result>): void;
  reject(error: unknown): void;
}

export class MicroBatches<Item, Result> {
  readonly #options: MicroBatchesOptions<Item, Result>;
  /** In order of arrival. */
  #waiting: Waiting<Item, Result>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(options: MicroBatchesOptions<Item, Result>) {
    this.#options = options;
  }

  /** @throws the error of its batch. */
  add(item: Item): Promise<BatchedResult<Result>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    const { size, delayMs } = this.#options;
    if (this.#isRunning || this.#waiting.length === 0) return;
    if (this.#waiting.length >= size || delayMs === 0) void this.#runNext();
    else this.#timer ??= setTimeout(() => void this.#runNext(), delayMs);
  }

  async #runNext(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isRunning = true;
    const batch = this.#waiting.splice(0, this.#options.size);
    try {
      const results = await this.#options.run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries())
        resolve({ result: results[index]!, batchCount: batch.length });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#isRunning = false;
    this.#schedule();
  }
}
