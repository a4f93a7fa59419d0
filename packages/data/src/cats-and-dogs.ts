/**
 * `cats-and-dogs`: 2,000 training and 1,000 test photographs, half of each class.
 *
 * A public extract of the Kaggle competition "Dogs vs. Cats" (2013), used in Google's machine learning course. The
 * photographers hold the copyright. The publisher states no hash.
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
  /** Another source of the same archive. */
  source?: FileSource;
}

/** Size that the server reports. */
const publicArchive: FileSource = {
  url: 'https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip',
  bytes: 68_606_236,
};

/** Number of photographs in each folder. */
const counts: Readonly<Record<string, number>> = {
  'train/cats': 1000,
  'train/dogs': 1000,
  'validation/cats': 500,
  'validation/dogs': 500,
};

const limits = { entryCount: 20_000, bytes: 200e6, ratio: 50 };

/** Path of the data set once it is downloaded. */
export function catsAndDogsFolder(): string {
  return cacheFolder('published-datasets', 'cats-and-dogs');
}

/**
 * Downloads and unpacks the data set into the user's cache unless it is already there. Safe for concurrent processes
 * and after a kill. The archive stays next to the data set.
 *
 * @returns the folder with `train` and `validation`.
 * @throws StorageError when the download fails (the message names the path for a manual download), or the archive has
 * unexpected content.
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
    onWait: (owner) => options.onNotice?.(`waiting for process ${owner} to prepare ${folder}`),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return folder;
}

// --- internal ---

/** The target path of a photograph; undefined for other entries (a script, hidden files of macOS). */
function photographPlace(name: string): string | undefined {
  return /^cats_and_dogs_filtered\/((?:train|validation)\/(?:cats|dogs)\/[^./][^/]*\.jpg)$/.exec(name)?.[1];
}

async function checkArchive(path: string): Promise<void> {
  const found = new Map(Object.keys(counts).map((folder) => [folder, 0]));
  await readZip(path, limits, async ({ name }, content) => {
    const place = photographPlace(name);
    if (place === undefined) return;
    const begin: number[] = [];
    // Read to the end, which verifies the archive.
    for await (const chunk of content) if (begin.length < 3) begin.push(...chunk.subarray(0, 3));
    if (begin[0] !== 0xff || begin[1] !== 0xd8 || begin[2] !== 0xff)
      throw new DataError(`Expected a JPEG at ${place}, received other content.`);
    const folder = place.slice(0, place.lastIndexOf('/'));
    found.set(folder, found.get(folder)! + 1);
  });
  for (const [folder, count] of Object.entries(counts))
    if (found.get(folder) !== count)
      throw new DataError(`Expected ${count} photographs in ${folder}, received ${found.get(folder)}.`);
}
