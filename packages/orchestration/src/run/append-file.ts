import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, systemErrorText, TooManyOpenFilesError, withFreeFile } from '@chorus/storage';

type Content = string | Uint8Array;

/** A file that grows during a run. After a failed write, the run continues without it. */
export class AppendFile {
  readonly #path: string;
  readonly #onFailure: (message: string) => void;
  readonly #createsFolder: boolean;
  #file: Promise<FileHandle> | undefined;
  /** Contents are written in the order in which they were appended. */
  #written: Promise<void> = Promise.resolve();
  #failed = false;

  /**
   * Creates the file with the first content.
   *
   * @param onFailure called at most once, with a one-line message for the user.
   * @param options `createsFolder`: whether to create the file's folder, too.
   */
  constructor(path: string, onFailure: (message: string) => void, { createsFolder = false } = {}) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#createsFolder = createsFolder;
  }

  /** @param make called when everything before it is written. */
  append(make: () => Content | Promise<Content>): void {
    this.#enqueue(async () => {
      const content = await make();
      this.#file ??= this.#open();
      await (await this.#file).appendFile(content);
    });
  }

  /** Resolves when everything has been passed to the operating system or writing has failed; never rejects. */
  async close(): Promise<void> {
    await this.#written;
    await this.#file?.then((file) => file.close()).catch((error: unknown) => this.#fail(error));
  }

  async #open(): Promise<FileHandle> {
    if (this.#createsFolder) await makeFolder(dirname(this.#path));
    // With O_NONBLOCK, a named pipe without a reader is an error instead of blocking.
    const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK } = constants;
    return withFreeFile(this.#path, () => open(this.#path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK));
  }

  #enqueue(write: () => Promise<void>): void {
    this.#written = this.#written
      .then(() => (this.#failed ? undefined : write()))
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const reason = error instanceof TooManyOpenFilesError ? error.cause : error;
    this.#onFailure(
      `Cannot write to ${this.#path}: ${systemErrorText(reason)}. The run continues, but later epochs will be missing from the file.`,
    );
  }
}
