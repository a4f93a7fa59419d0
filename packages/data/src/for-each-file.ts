import { isTooManyOpenFiles, withFreeFile } from '@chorus/storage';

/**
 * Runs work for each file, several at a time. Whenever it fails because too many files are open, the file is put back, and from then on
 * one fewer is worked on at a time; the last one waits for a free file.
 *
 * @param concurrency files worked on at a time, at least 1.
 * @param work must have done nothing when it fails because too many files are open.
 * @throws TooManyOpenFilesError when too many files stay open; any other error of `work`.
 */
export async function forEachFile<File extends { path: string }>(
  files: readonly File[],
  concurrency: number,
  work: (file: File, index: number) => Promise<void>,
): Promise<void> {
  const putBack: number[] = [];
  let next = 0;
  let workerCount = Math.min(concurrency, files.length);

  async function worker(): Promise<void> {
    while (putBack.length > 0 || next < files.length) {
      const index = putBack.pop() ?? next++;
      const file = files[index]!;
      try {
        await (workerCount > 1 ? work(file, index) : withFreeFile(file.path, () => work(file, index)));
      } catch (error) {
        if (!isTooManyOpenFiles(error)) throw error;
        putBack.push(index);
        if (workerCount > 1) break;
      }
    }
    workerCount -= 1;
  }

  await Promise.all(Array.from({ length: workerCount }, worker));
}
