/** The few files of a wheel that Chorus needs, streamed to their places. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { RuntimeError } from '../errors.ts';

/**
 * Unpacks the named entries of a zip file.
 *
 * @param entries names, or folders with a trailing `/`. Names that leave the folder are refused by the reader.
 * @throws RuntimeError when one of `entries` is not in the file.
 */
export async function unpackWheel(wheelPath: string, entries: readonly string[], target: string): Promise<void> {
  const missing = new Set(entries);
  const zip = await openPromise(wheelPath, { lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      const wanted = entries.find(
        (name) => entry.fileName === name || (name.endsWith('/') && entry.fileName.startsWith(name)),
      );
      if (wanted === undefined || entry.fileName.endsWith('/')) continue;
      missing.delete(wanted);
      const path = join(target, entry.fileName);
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
    }
  } finally {
    zip.close();
  }
  if (missing.size > 0) throw new RuntimeError(`${wheelPath} has no ${[...missing].join(', ')}.`);
}
