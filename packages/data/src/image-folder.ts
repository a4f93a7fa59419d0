/** A folder of images as people keep it: `<split>/<class>/*` or `<class>/*`. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { DataError } from './errors.ts';

/** A top folder with one of these names holds a split; `test` and `validation` are both the test set. */
export const splitFolders = ['train', 'validation', 'test'] as const;
export type SplitFolder = (typeof splitFolders)[number];

export interface ImageFile {
  /** Absolute. */
  path: string;
  /** From the data folder on, with `/` between folders. */
  relativePath: string;
  /** Index into the classes. */
  label: number;
  /** The split folder it lies in; null in a folder of classes. */
  folder: SplitFolder | null;
  sizeBytes: number;
}

export interface SkippedImage {
  path: string;
  reason: string;
}

export interface ImageFolder {
  root: string;
  name: string;
  /** Sorted. */
  classes: string[];
  /** Sorted by split folder, class and name. */
  images: ImageFile[];
  /** What is no plain file; content is looked at when decoding. */
  skipped: SkippedImage[];
}

/** Endings that are taken for images; whether they are is decided by their content. */
const imageEndings = /\.(jpe?g|png|webp|gif|avif|tiff?|heic|heif)$/i;

/**
 * Lists the images of a folder; opens none of them.
 *
 * Hidden files and those without an image's ending are passed over. Order is that of the names' UTF-16 code units,
 * whatever the file system gives.
 *
 * @param options `limitPerClass` keeps the first so many of each class and split folder.
 * @throws DataError when there is no such folder, fewer than two classes, or a class without an image.
 */
export async function scanImageFolder(root: string, options: { limitPerClass?: number } = {}): Promise<ImageFolder> {
  const top = await subfolders(root);
  const splits = splitFolders.filter((name) => top.includes(name));
  if (splits.length > 0 && !splits.includes('train'))
    throw new DataError(`Expected a folder train beside ${splits.join(' and ')} in ${root}, received none.`);
  const places =
    splits.length === 0
      ? [{ folder: null, path: root }]
      : splits.map((name) => ({ folder: name, path: join(root, name) }));
  const classes = [...new Set((await Promise.all(places.map(({ path }) => subfolders(path)))).flat())].toSorted(byName);
  if (classes.length < 2)
    throw new DataError(
      `Expected a folder per class in ${places[0]!.path}, at least two, received ${classes.length === 0 ? 'none' : `only "${classes[0]}"`}.`,
    );
  const images: ImageFile[] = [];
  const skipped: SkippedImage[] = [];
  for (const { folder, path } of places)
    for (const [label, name] of classes.entries()) {
      const found = await scanClass(root, join(path, name), { folder, label });
      if (found.images.length === 0)
        throw new DataError(`Expected images of class "${name}" in ${join(path, name)}, received none.`);
      images.push(...found.images.slice(0, options.limitPerClass));
      skipped.push(...found.skipped);
    }
  return { root, name: basename(root), classes, images, skipped };
}

// --- internal ---

async function subfolders(path: string): Promise<string[]> {
  const entries = await list(path);
  const names = await Promise.all(
    entries.map(async (entry) => ((await isFolder(path, entry)) && !entry.name.startsWith('.') ? [entry.name] : [])),
  );
  return names.flat().toSorted(byName);
}

async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(join(parent, entry.name)).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

async function scanClass(
  root: string,
  path: string,
  place: { folder: SplitFolder | null; label: number },
): Promise<{ images: ImageFile[]; skipped: SkippedImage[] }> {
  const images: ImageFile[] = [];
  const skipped: SkippedImage[] = [];
  const entries = (await list(path).catch(() => [])).filter(
    ({ name }) => !name.startsWith('.') && imageEndings.test(name),
  );
  for (const { name } of entries.toSorted((a, b) => byName(a.name, b.name))) {
    const file = join(path, name);
    const relativePath = relative(root, file).split('\\').join('/');
    // stat never opens: a FIFO would wait for its writer.
    const target = await stat(file).catch((error: NodeJS.ErrnoException) => error);
    if (target instanceof Error)
      skipped.push({ path: relativePath, reason: target.code === 'ENOENT' ? 'broken link' : `${target.code}` });
    else if (!target.isFile()) skipped.push({ path: relativePath, reason: kindOf(target) });
    else images.push({ path: file, relativePath, ...place, sizeBytes: target.size });
  }
  return { images, skipped };
}

function kindOf(target: { isDirectory(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (target.isDirectory()) return 'a folder, not an image';
  if (target.isFIFO()) return 'a named pipe, not an image';
  return target.isSocket() ? 'a socket, not an image' : 'a device, not an image';
}

async function list(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`Expected a folder of images at ${path}, received ${error.code ?? error.message}.`);
  });
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
