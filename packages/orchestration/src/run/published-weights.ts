/** Published weight files in the user's cache. */
import { existsSync } from 'node:fs';
import { checkWeightFile, type DownloadableFile, type PublishedFile } from '@chorus/models';
import { cacheFolder, type FetchedFile, type FetchOptions, fetchFile } from '@chorus/storage';
import { maximumWeightBytes as maximumBytes, readWeightFile } from '@chorus/training';
import { ConfigError } from '../errors.ts';

/** Cache path of a published weight file, downloaded or placed there by the user. */
export function publishedWeightsPath(name: string): string {
  return cacheFolder('weights', name);
}

/** The reason why a published weight file is missing from the cache and cannot be downloaded; undefined if neither holds. */
export function undownloadable(backbone: string, file: PublishedFile): string | undefined {
  const path = publishedWeightsPath(file.name);
  if (file.url !== undefined || existsSync(path)) return undefined;
  return (
    `Expected weights of ${backbone} at ${path}, received none; they cannot be downloaded, because keras-applications does not have this backbone. ` +
    `Write the file with Python (pip install ${file.packages.join(' ')}) and move it there: ${file.command}`
  );
}

/**
 * Finds a published weight file in the cache, or downloads it.
 *
 * @returns a file that matches its published hash or, if there is none, contains layers with weights and has not changed since
 * its first download.
 * @throws StorageError naming the URL, the response, and the path to place the file at manually.
 */
export async function ensurePublishedWeights(
  { name, url, md5 }: DownloadableFile,
  options: Pick<FetchOptions, 'onProgress' | 'onNotice' | 'signal' | 'limits' | 'allowLoopbackHttp'> = {},
): Promise<FetchedFile> {
  if (!/^\w[\w.-]*\.h5$/.test(name))
    throw new ConfigError(`Expected the name of an .h5 file, received ${JSON.stringify(name)}.`);
  return fetchFile(
    { url, ...(md5 === undefined ? {} : { md5 }) },
    {
      ...options,
      path: publishedWeightsPath(name),
      maximumBytes,
      check: async (place) => checkWeightFile({ name, bytes: await readWeightFile(place) }),
    },
  );
}
