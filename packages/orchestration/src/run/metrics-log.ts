import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorText } from '@chorus/storage/system-error';
import type { EpochMetrics } from '@chorus/training';

/**
 * `metrics.jsonl`: one JSON object per line, appended as epochs end; a resumed run appends to the same file. A run does not
 * depend on it: after the first line that cannot be written, no further ones are.
 */
export class MetricsLog {
  readonly #path: string;
  readonly #onFailure: (message: string) => void;
  #file: Promise<FileHandle> | undefined;
  /** Lines are written in the order of their epochs. */
  #written: Promise<void> = Promise.resolve();
  #failed = false;

  /** @param onFailure called at most once, with one line for the user. */
  constructor(path: string, onFailure: (message: string) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  append(metrics: EpochMetrics): void {
    this.#enqueue(async () => {
      // A named pipe without a reader is an error, not a wait.
      this.#file ??= open(
        this.#path,
        constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK,
      );
      await (await this.#file).appendFile(`${JSON.stringify(metrics)}\n`);
    });
  }

  /** Resolves when the operating system has every line, or writing has failed; never rejects. */
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
      `Cannot write to ${this.#path}: ${systemErrorText(error)}. The run continues; its further epochs are missing from the file.`,
    );
  }
}
