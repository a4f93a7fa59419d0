import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

/**
 * Returns the path of a folder in the user's cache, which all clones and projects share. The folder need not exist yet.
 *
 * The root is `CHORUS_CACHE` if set, otherwise the platform's default (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches).
 */
export function cacheFolder(...parts: string[]): string {
  const named = process.env.CHORUS_CACHE;
  const root = named === undefined || named === '' ? envPaths('chorus', { suffix: '' }).cache : resolve(named);
  return join(root, ...parts);
}
