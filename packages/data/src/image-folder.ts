/** A folder of images as people keep it: `<split>/<class>/**` or `<class>/**`. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from './errors.ts';
import { byCodeUnits, ImageWalk, namesIn, resolveLink, type SkippedImage, type WalkedFile } from './image-walk.ts';

/** A top folder with one of these names holds a split; `test` and `validation` are both the test set. */
const splitFolders = ['train', 'validation', 'test'] as const;

/** What the images of a split folder are for. */
export type SplitRole = 'train' | 'tune' | 'test';

export interface ImageFile extends WalkedFile {
  /** Index into the classes. */
  label: number;
  /** The role of the split folder it lies in; null in a folder of classes. */
  role: SplitRole | null;
}

export interface ImageFolder {
  root: string;
  name: string;
  /** Sorted. */
  classes: string[];
  /** Sorted by split folder, class and relative path. */
  images: ImageFile[];
  /** What is no plain file, and links that are not followed; content is looked at when decoding. */
  skipped: SkippedImage[];
}

/**
 * Lists the images of a folder, those in subfolders of a class too; opens none of them.
 *
 * Hidden files and folders, and files without an image's ending, are passed over. Links are followed where they stay in
 * the data set (the folder itself may be a link) and lead to what is not listed anyway. Order is that of the names'
 * UTF-16 code units, whatever the file system gives.
 *
 * @param options `limitPerClass` keeps the first so many of each class and split folder.
 * @throws DataError when there is no such folder, fewer than two classes, or a class without an image.
 */
export async function scanImageFolder(root: string, options: { limitPerClass?: number } = {}): Promise<ImageFolder> {
  const realRoot = await realpath(root).catch(unreadable(root));
  const top = await subfolders({ path: root, relativePath: '' }, realRoot);
  const splits = splitFolders.filter((name) => top.names.includes(name));
  if (splits.length > 0 && !splits.includes('train'))
    throw new DataError(
      `Expected a folder train beside ${splits.join(' and ')} in ${root}, received none${because(top.skipped)}.`,
    );
  const places =
    splits.length === 0
      ? [{ role: null, path: root, relativePath: '', inside: top }]
      : await Promise.all(
          splits.map(async (name) => {
            const place = { path: join(root, name), relativePath: `${name}/` };
            return {
              role: name === 'train' ? ('train' as const) : ('test' as const),
              ...place,
              inside: await subfolders(place, realRoot),
            };
          }),
        );
  const skipped = [...new Set([top, ...places.map(({ inside }) => inside)])].flatMap((one) => one.skipped);
  const classes = [...new Set(places.flatMap(({ inside }) => inside.names))].toSorted(byCodeUnits);
  if (classes.length < 2)
    throw new DataError(
      `Expected a folder per class in ${places[0]!.path}, at least two, received ${classes.length === 0 ? 'none' : `only "${classes[0]}"`}${because(skipped)}.`,
    );
  const walk = new ImageWalk(realRoot);
  const lists = places.flatMap(({ role, path, relativePath }) =>
    classes.map((name, label) => ({
      place: { path: join(path, name), relativePath: `${relativePath}${name}`, files: [] as WalkedFile[] },
      name,
      label,
      role,
    })),
  );
  for (const { place } of lists) await walk.enter(place);
  await walk.followLinks();
  skipped.push(...walk.skipped);
  skipped.sort((a, b) => byCodeUnits(a.path, b.path));
  const images = lists.flatMap(({ place, name, label, role }): ImageFile[] => {
    const { path, relativePath, files } = place;
    if (files.length === 0) {
      const inside = skipped.filter((one) => one.path === relativePath || one.path.startsWith(`${relativePath}/`));
      throw new DataError(`Expected images of class "${name}" in ${path}, received none${because(inside)}.`);
    }
    return files
      .toSorted((a, b) => byCodeUnits(a.relativePath, b.relativePath))
      .slice(0, options.limitPerClass)
      .map((file) => ({ ...file, label, role }));
  });
  return { root, name: basename(root), classes, images, skipped };
}

// --- internal ---

interface Subfolders {
  /** Sorted. */
  names: string[];
  /** Links that are not followed. */
  skipped: SkippedImage[];
}

async function subfolders(place: { path: string; relativePath: string }, realRoot: string): Promise<Subfolders> {
  const names: string[] = [];
  const skipped: SkippedImage[] = [];
  for (const { name, isExact } of await namesIn(place.path).catch(unreadable(place.path))) {
    if (name.startsWith('.')) continue;
    // It may be a class: without it the others would be trained, and nobody would know.
    if (!isExact) throw new DataError(`Expected names in UTF-8 in ${place.path}, received "${name}"; rename it.`);
    const path = join(place.path, name);
    const stats = await lstat(path).catch(unreadable(path));
    if (stats.isDirectory()) names.push(name);
    if (!stats.isSymbolicLink()) continue;
    const target = await resolveLink(path, realRoot);
    if ('reason' in target) skipped.push({ path: place.relativePath + name, reason: target.reason });
    else if ((await stat(target.path)).isDirectory()) names.push(name);
  }
  return { names, skipped };
}

function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw new DataError(`Expected a folder of images at ${path}, received ${error.code ?? error.message}.`);
  };
}

/** What was skipped says why there is nothing. */
function because(skipped: readonly SkippedImage[]): string {
  if (skipped.length === 0) return '';
  const { path, reason } = skipped[0]!;
  return ` (${path}: ${reason}${skipped.length > 1 ? `; and ${skipped.length - 1} more` : ''})`;
}
