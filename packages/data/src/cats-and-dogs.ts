/**
 * `cats-and-dogs`: 2,000 photographs to train on and 1,000 to test on, half of each class.
 *
 * A public extract of the Kaggle competition "Dogs vs. Cats" (2013), as used by Google's machine learning course; the
 * photographs are their owners'. Its publisher names no hash.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  cacheFolder,
  type FetchOptions,
  type FileSource,
  fetchFile,
  readZip,
  removeUnfinished,
  unzip,
  withLock,
} from '@chorus/storage';
import { DataError } from './errors.ts';

export interface CatsAndDogsOptions
  extends Pick<FetchOptions, 'onProgress' | 'onNotice' | 'signal' | 'limits' | 'allowLoopbackHttp'> {
  /** Another place of the same archive. */
  source?: FileSource;
}

/** Size as the server states it to everybody who downloads it. */
const publicArchive: FileSource = {
  url: 'https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip',
  bytes: 68_606_236,
};

/** Photographs of each folder. */
const counts: Readonly<Record<string, number>> = {
  'train/cats': 1000,
  'train/dogs': 1000,
  'validation/cats': 500,
  'validation/dogs': 500,
};

const limits = { entryCount: 20_000, bytes: 200e6, ratio: 50 };

/** Where the data set lies once it was downloaded. */
export function catsAndDogsFolder(): string {
  return cacheFolder('published-datasets', 'cats-and-dogs');
}

/**
 * The data set in the user's cache, downloaded and unpacked there when it is not; safe when several processes ask at
 * once, and after one that was killed. The archive stays beside it.
 *
 * @returns the folder with `train` and `validation`.
 * @throws StorageError when it cannot be downloaded, naming where the archive can be put by hand, or is not what it
 * should be.
 */
export async function ensureCatsAndDogs(options: CatsAndDogsOptions = {}): Promise<string> {
  const { source = publicArchive, ...fetching } = options;
  const folder = catsAndDogsFolder();
  const parent = dirname(folder);
  if (existsSync(folder)) return folder;
  const work = async () => {
    if (existsSync(folder)) return;
    await removeUnfinished(parent);
    const archive = await fetchFile(source, {
      ...fetching,
      path: join(parent, 'cats_and_dogs_filtered.zip'),
      maximumBytes: limits.bytes,
      check: checkArchive,
    });
    await unzip(archive.path, folder, limits, photographPlace);
  };
  await withLock(parent, work, {
    onWait: (owner) => options.onNotice?.(`waiting for process ${owner}, which prepares ${folder}`),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return folder;
}

// --- internal ---

/** Where a photograph goes; what else there is (a script, hidden files of macOS) has no place. */
function photographPlace(name: string): string | undefined {
  return /^cats_and_dogs_filtered\/((?:train|validation)\/(?:cats|dogs)\/[^./][^/]*\.jpg)$/.exec(name)?.[1];
}

async function checkArchive(path: string): Promise<void> {
  const found = new Map(Object.keys(counts).map((folder) => [folder, 0]));
  await readZip(path, limits, async ({ name }, content) => {
    const place = photographPlace(name);
    if (place === undefined) return;
    const begin: number[] = [];
    // To its end: whether it is whole shows there.
    for await (const chunk of content) if (begin.length < 3) begin.push(...chunk.subarray(0, 3));
    if (begin[0] !== 0xff || begin[1] !== 0xd8 || begin[2] !== 0xff)
      throw new DataError(`Expected a JPEG at ${place}, received another content.`);
    const folder = place.slice(0, place.lastIndexOf('/'));
    found.set(folder, found.get(folder)! + 1);
  });
  for (const [folder, count] of Object.entries(counts))
    if (found.get(folder) !== count)
      throw new DataError(`Expected ${count} photographs in ${folder}, received ${found.get(folder)}.`);
}
