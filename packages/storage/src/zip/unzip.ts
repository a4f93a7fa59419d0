import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StorageError } from '../errors.ts';
import { publishFolder } from '../publish.ts';
import { readZip, type ZipLimits } from './read-zip.ts';

/** Where a file of an archive goes, below the folder; undefined leaves it out. */
export type ZipPlaces = (name: string) => string | undefined;

/**
 * Unpacks an archive into a folder that appears whole, or not at all.
 *
 * @param into must not exist.
 * @param placeOf without it every file keeps its name; the end of a name is as safe as the whole of it.
 * @throws StorageError when `into` exists, or the archive is not safe (see readZip).
 */
export async function unzip(
  archivePath: string,
  into: string,
  limits: ZipLimits,
  placeOf: ZipPlaces = (name) => name,
): Promise<void> {
  await publishFolder(into, (temporary) => unzipInto(archivePath, temporary, limits, placeOf));
}

/**
 * Unpacks into a folder that is published later, with other things; a file that is there already is written over.
 */
export async function unzipInto(
  archivePath: string,
  folder: string,
  limits: ZipLimits,
  placeOf: ZipPlaces,
): Promise<void> {
  const places = new Set<string>();
  await readZip(archivePath, limits, async ({ name }, content) => {
    const place = placeOf(name);
    if (place === undefined) return;
    if (places.has(place))
      throw new StorageError(`Expected one ${place} in ${archivePath}, received another: ${name}.`);
    places.add(place);
    const path = join(folder, place);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(content, createWriteStream(path));
  });
}
