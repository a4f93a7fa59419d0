import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { publishFile } from '@chorus/storage';
import { ConfigError } from '../errors.ts';
import { requireWritable, writingTo } from '../output-place.ts';
import { drawRates } from './draw-rates.ts';
import type { FoundRate } from './find-rates.ts';

/**
 * Checks, before the sweeps, that their plot can be written.
 *
 * @throws ConfigError for a path that does not end in `.svg`, that is a folder, or that is not writable.
 */
export async function requireRatePlot(path: string): Promise<void> {
  if (!path.endsWith('.svg')) throw new ConfigError(`Expected a path that ends in .svg, received "${path}".`);
  if (
    await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
  )
    throw new ConfigError(`Expected a file to write the plot to; ${path} is a folder.`);
  await requireWritable(dirname(path));
}

/** Draws sweeps and writes the SVG; replaces an earlier file atomically. */
export async function writeRatePlot(path: string, found: readonly FoundRate[]): Promise<void> {
  await writingTo(path, () => publishFile(path, drawRates(found)));
}
