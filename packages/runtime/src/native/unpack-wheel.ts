/** Unpacks the few files of a wheel that Chorus needs. */
import { unzipInto } from '@chorus/storage';
import { RuntimeError } from '../errors.ts';

/** Admits a large wheel (tensorflow-cpu 2.21: 15,632 entries, 1.3 GB), but no zip bomb. */
const limits = { entryCount: 200_000, bytes: 20e9, ratio: 100 };

/**
 * Unpacks the named entries of a wheel.
 *
 * @param entries names of files, or of folders with a trailing `/`.
 * @throws RuntimeError when the wheel lacks one of `entries`; StorageError when it is not a safe and complete zip file.
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
