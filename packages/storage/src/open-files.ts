/** Opens files and folders although too many are open: other work of this process, or another process, closes some soon. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TooManyOpenFilesError } from './errors.ts';

/** Whether this process or this machine has too many open files. */
export function isTooManyOpenFiles(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Opens a file or folder. While too many files are open, it waits and tries again.
 *
 * @param path named in the message.
 * @param open is called again only after it could not open anything; it must not have changed anything by then.
 * @param delaysMs time before each further attempt; by default, five seconds together.
 * @throws TooManyOpenFilesError when the last attempt fails for the same reason; any other error of `open`.
 * @example
 * const names = await withFreeFile(folder, () => readdir(folder));
 */
export async function withFreeFile<T>(
  path: string,
  open: () => Promise<T>,
  delaysMs: readonly number[] = [20, 40, 80, 160, 320, 640, 1280, 2560],
): Promise<T> {
  for (let attemptIndex = 0; ; attemptIndex += 1) {
    try {
      return await open();
    } catch (error) {
      if (!isTooManyOpenFiles(error)) throw error;
      const delayMs = delaysMs[attemptIndex];
      if (delayMs === undefined) throw new TooManyOpenFilesError(path, error as NodeJS.ErrnoException);
      await sleep(delayMs);
    }
  }
}
