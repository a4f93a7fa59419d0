import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { EpochMetrics } from '@chorus/training';

/**
 * `metrics.jsonl`: one JSON object a line, appended as epochs end; a resumed run goes on in the same file. A run does not
 * depend on it: after the first line that cannot be written, it takes no further ones.
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
      // A named pipe that nobody reads is an error instead of a wait.
      this.#file ??= open(
        this.#path,
        constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK,
      );
      await (await this.#file).appendFile(`${JSON.stringify(metrics)}\n`);
    });
  }

  /** Resolves when every line is with the operating system, or was given up; never rejects. */
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
    const { code, message } = error as NodeJS.ErrnoException;
    this.#onFailure(
      `Cannot write to ${this.#path}: ${code ?? message}. The run goes on; its further epochs are missing there.`,
    );
  }
}
