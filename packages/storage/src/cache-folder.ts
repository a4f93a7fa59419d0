import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

/**
 * A folder of the user's cache, shared by all clones and projects; it need not exist yet.
 *
 * `CHORUS_CACHE` names another place; otherwise the platform's own (XDG_CACHE_HOME or ~/.cache, ~/Library/Caches).
 */
export function cacheFolder(...parts: string[]): string {
  const named = process.env.CHORUS_CACHE;
  const root = named === undefined || named === '' ? envPaths('chorus', { suffix: '' }).cache : resolve(named);
  return join(root, ...parts);
}
