/** Weight files of keras-applications from their publisher, in the user's cache. */
import { checkWeightFile, type PublishedFile } from '@chorus/models';
import { cacheFolder, type FetchedFile, type FetchOptions, fetchFile } from '@chorus/storage';
import { maximumWeightBytes as maximumBytes, readWeightFile } from '@chorus/training';
import { ConfigError } from '../errors.ts';

/** Where a weight file lies once it was downloaded, or was put there by hand. */
export function publishedWeightsPath(name: string): string {
  return cacheFolder('weights', name);
}

/**
 * A weight file, which is downloaded when the cache does not have it.
 *
 * @returns a file that is what its publisher's hash says or, without one, holds layers with weights and is the same as
 * at its first download.
 * @throws StorageError naming the address, what came instead and where the file can be put by hand.
 */
export async function ensurePublishedWeights(
  { name, url, md5 }: PublishedFile,
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
