import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import type { EpochMetrics } from '@chorus/training';

/**
 * `metrics.jsonl`: one JSON object per line, appended after each epoch. A resumed run appends to the same file. After a
 * failed write, the run continues without the log.
 */
export class MetricsLog {
  readonly #path: string;
  readonly #onFailure: (message: string) => void;
  #file: Promise<FileHandle> | undefined;
  /** Lines are written in the order of their epochs. */
  #written: Promise<void> = Promise.resolve();
  #failed = false;

  /** @param onFailure called at most once, with a one-line message for the user. */
  constructor(path: string, onFailure: (message: string) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  append(metrics: EpochMetrics): void {
    this.#enqueue(async () => {
      // With O_NONBLOCK, a named pipe without a reader is an error instead of blocking.
      this.#file ??= open(
        this.#path,
        constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK,
      );
      await (await this.#file).appendFile(`${JSON.stringify(metrics)}\n`);
    });
  }

  /** Resolves when all lines have been passed to the operating system or writing has failed; never rejects. */
  async close(): Promise<void> {
    await this.#written;
    await this.#file?.then((file) => file.close()).catch((error: unknown) => this.#fail(error));
  }

  #enqueue(write: () => Promise<void>): void {
    this.#written = this.#written
      .then(() => (this.#failed ? undefined : write()))
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onFailure(
      `Cannot write to ${this.#path}: ${systemErrorText(error)}. The run continues, but later epochs will be missing from the file.`,
    );
  }
}
