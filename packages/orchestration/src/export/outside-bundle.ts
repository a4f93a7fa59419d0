import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { advise, ConfigError } from '../errors.ts';

/**
 * Refuses an output folder inside a bundle, which an extra folder would invalidate, and the bundle itself.
 *
 * @throws ConfigError naming the output folder.
 */
export async function requireOutside(bundleFolder: string, folder: string): Promise<void> {
  const way = relative(await realPlace(bundleFolder), await realPlace(folder));
  if (!isAbsolute(way) && way.split(sep)[0] !== '..')
    throw advise(new ConfigError(`Expected a folder outside the bundle, received ${folder}.`), {
      code: 'output-place',
    });
}

// --- internal ---

/** The real path of a file or folder that may not exist yet. */
async function realPlace(path: string): Promise<string> {
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await realPlace(dirname(path)), basename(path));
  });
}
