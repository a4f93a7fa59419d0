import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StorageError } from '../errors.ts';
import { publishFolder } from '../publish.ts';
import { readZip, type ZipLimits } from './read-zip.ts';

/** Maps the name of a file in the archive to its path in the folder; undefined skips the file. */
export type ZipPlaces = (name: string) => string | undefined;

/**
 * Unpacks an archive into a folder that is published atomically.
 *
 * @param into must not exist.
 * @param placeOf by default, every file keeps its name. A suffix of a safe name is safe, too.
 * @throws StorageError when `into` exists, or the archive is unsafe (see {@link readZip}).
 */
export async function unzip(
  archivePath: string,
  into: string,
  limits: ZipLimits,
  placeOf: ZipPlaces = (name) => name,
): Promise<void> {
  await publishFolder(into, (temporary) => unzipInto(archivePath, temporary, limits, placeOf));
}

/** Unpacks into a folder that the caller publishes later; overwrites existing files. */
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
      throw new StorageError(`Expected one file for ${place} in ${archivePath}, received a second one, ${name}.`);
    places.add(place);
    const path = join(folder, place);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(content, createWriteStream(path));
  });
}
