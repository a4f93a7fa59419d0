import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { abandonedIn, bytesOnDisk, cacheFolder } from '@chorus/storage';

/**
 * Finds what killed processes have left unfinished in the user's cache: temporary files and folders, not what live processes write,
 * and no interrupted downloads, which are continued.
 *
 * @returns the folder of the cache, and the paths in it.
 */
export async function cacheLeftOvers(): Promise<{ folder: string; files: { path: string; bytes: number }[] }> {
  const folder = cacheFolder();
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const places = [folder, ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))];
  const paths = (await Promise.all(places.map((place) => abandonedIn(place)))).flat();
  const files = await Promise.all(
    paths.map(async (path) => {
      const stats = await lstat(path).catch(() => undefined);
      return { path, bytes: stats?.isFile() ? stats.size : await bytesOnDisk(path) };
    }),
  );
  return { folder, files };
}
