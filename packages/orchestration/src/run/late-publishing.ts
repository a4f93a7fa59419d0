/** Publishes again and again what could not be written, for example on a full disk, while other work goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UnwritableError } from '@chorus/storage';

/** Delays before the further attempts, in milliseconds: each is twice the one before. */
interface Delays {
  firstMs: number;
  longestMs: number;
}

export class LatePublishing {
  readonly #delays: Delays;
  readonly #ending = new AbortController();
  readonly #pending: Promise<void>[] = [];

  constructor(delays: Delays = { firstMs: 1000, longestMs: 60_000 }) {
    this.#delays = delays;
  }

  /**
   * Calls `publish` until it succeeds, and for the last time after {@link end}.
   *
   * @param onSettled called without an error once it has succeeded, or with that of the last attempt.
   */
  add(publish: () => Promise<void>, onSettled: (error?: unknown) => void | Promise<void>): void {
    const published = this.#repeat(publish).then(() => onSettled(), onSettled);
    // A rejection is a bug of `onSettled`, which `end` reports.
    published.catch(() => {});
    this.#pending.push(published);
  }

  /**
   * Calls everything that is left once more, without a delay, and waits for it.
   *
   * @throws the error of an `onSettled`.
   */
  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#pending);
  }

  async #repeat(publish: () => Promise<void>): Promise<void> {
    const { firstMs, longestMs } = this.#delays;
    const { signal } = this.#ending;
    for (let delayMs = firstMs; ; delayMs = Math.min(2 * delayMs, longestMs)) {
      // Rejects when the signal aborts.
      await sleep(delayMs, undefined, { signal }).catch(() => {});
      const isLast = signal.aborted;
      try {
        return await publish();
      } catch (error) {
        if (isLast || !(error instanceof UnwritableError)) throw error;
      }
    }
  }
}
