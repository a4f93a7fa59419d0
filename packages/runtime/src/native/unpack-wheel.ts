/** The few files of a wheel that Chorus needs, streamed to their places. */
import { unzipInto } from '@chorus/storage';
import { RuntimeError } from '../errors.ts';

/** Above a large wheel (tensorflow-cpu 2.21: 15,632 entries, 1.3 GB), and no bomb. */
const limits = { entryCount: 200_000, bytes: 20e9, ratio: 100 };

/**
 * Unpacks the named entries of a wheel.
 *
 * @param entries names, or folders with a trailing `/`.
 * @throws RuntimeError when one of `entries` is not in the file; StorageError when the file is no safe and whole zip
 * file.
 */
export async function unpackWheel(wheelPath: string, entries: readonly string[], target: string): Promise<void> {
  const missing = new Set(entries);
  await unzipInto(wheelPath, target, limits, (fileName) => {
    const wanted = entries.find((name) => fileName === name || (name.endsWith('/') && fileName.startsWith(name)));
    if (wanted === undefined) return undefined;
    missing.delete(wanted);
    return fileName;
  });
  if (missing.size > 0) throw new RuntimeError(`${wheelPath} has no ${[...missing].join(', ')}.`);
}
