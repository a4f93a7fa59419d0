/** Scans a data folder with the layout `<split>/<class>/**` or `<class>/**`. */
import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { nestedNotices, refuseNestedSplits } from './class-subfolders.ts';
import { byCodeUnits, compareNames, displayName, lookOf } from './display-name.ts';
import { DataError } from './errors.ts';
import {
  type FolderLayout,
  findSplitFolders,
  quoted,
  refuseAmbiguous,
  refuseLostLink,
  type SplitFolder,
} from './folder-layout.ts';
import { type FolderLevel, type LevelFolder, readLevel, unreadable } from './folder-level.ts';
import { ImageWalk, type LinkRules, type SkippedEntry, type SkippedImage, type WalkedFile } from './image-walk.ts';
import type { SplitRole } from './split-folders.ts';

export interface ImageFile extends WalkedFile {
  /** Index of the class. */
  label: number;
  /** The role of its split folder; null in a folder of classes. */
  role: SplitRole | null;
}

export interface ScanOptions {
  /** Maximum number of images per class and split folder; keeps the first ones. */
  limitPerClass?: number;
  /** Whether the top folders are splits or classes; default `auto`. */
  layout?: FolderLayout;
  /** Also follows links out of the data set; default false. */
  followLinks?: boolean;
  /**
   * Receives why the folder cannot be used as a data set, such as a class without images, so that it can be listed nevertheless.
   * Without it, the first reason is thrown.
   */
  onProblem?: ((problem: DataError) => void) | undefined;
}

export interface ImageFolder {
  root: string;
  name: string;
  /** Composed (NFC), sorted. */
  classes: string[];
  /** Sorted by split folder, class and relative path, as by {@link compareNames}. */
  images: ImageFile[];
  /** The role of each split folder; empty for a folder of classes. */
  splits: { folder: string; role: SplitRole }[];
  /** All other entries, with reasons; the content of files with an image extension is checked when decoding. */
  skipped: SkippedEntry[];
  /** Hidden entries and those created by operating systems; a folder represents its content. */
  hidden: string[];
  /** Number of images left out by `limitPerClass`. */
  beyondLimit: number;
  /** Their paths, relative to the data folder. */
  pathsBeyondLimit: string[];
  /** Messages about interpretations of the folder that the user may not expect. */
  notices: string[];
}

/**
 * Lists the images of a folder, including those in subfolders of a class. Every entry is an image, skipped or hidden; files
 * without an image extension are classified by their first bytes.
 *
 * Follows links within the data set (the folder itself may be a link) to entries that are not listed otherwise and, on request,
 * links out of it. The order is that of the UTF-16 code units of the NFC names, independent of the file system.
 *
 * @throws DataError when the folder cannot be read, and for what `onProblem` receives: it is ambiguous, has fewer than two classes,
 * or a class would be lost.
 */
export async function scanImageFolder(root: string, options: ScanOptions = {}): Promise<ImageFolder> {
  const { layout = 'auto', followLinks = false, limitPerClass } = options;
  const attempt = attemptWith(options.onProblem);
  const realRoot = await realpath(root).catch(unreadable(root));
  const links: LinkRules = { realRoot, followLinks };
  const top = await readLevel({ path: root, relativePath: '' }, links);
  const splits = (await attempt(() => findSplitFolders(root, top, layout))) ?? [];
  const places = await readPlaces(root, top, splits, links);
  const walk = new ImageWalk(links, await claimed(realRoot, places));
  const classes = [...new Set(places.flatMap(({ level }) => level.folders.map(({ label }) => label)))].toSorted(
    byCodeUnits,
  );
  const lists = places.flatMap((place) => classes.map((name, label) => listFor(place, name, label)));
  for (const { place } of lists) await walk.enter(place);
  await walk.followLinks();

  const levels = [...new Set([top, ...places.map(({ level }) => level)])];
  const skipped = [...walk.skipped, ...levels.flatMap((level) => level.skipped)];
  const hidden = [...walk.hidden, ...levels.flatMap((level) => level.hidden)];
  if (splits.length > 0) {
    const others = top.folders.filter(({ name }) => !splits.some((split) => split.name === name));
    skipped.push(...top.lost);
    await attempt(async () => {
      await listBeside({ root, splits, others, layout, links }, walk.listed, { skipped, hidden });
      if (layout === 'auto' && classes.length === 0) refuseAmbiguous(root, splits, others, ' (no class folder in any)');
    });
  }
  const unused = sortedByPath(skipped);
  await attempt(async () => {
    for (const { level } of places) for (const lost of level.lost) refuseLostLink(root, lost);
    await requireClasses(places, classes, unused, links);
    requireDistinct(root, places, classes);
    for (const { level, ...place } of places) if (level.folders.length === 0) refuseUnlabeled(place, unused);
    // Checked first: if the data set lies one level deeper, the folders next to it have no images.
    if (layout === 'auto') refuseNestedSplits(root, lists.map(classFiles));
    for (const list of lists) if (list.place.files.length === 0) refuseEmpty(list, lists, unused);
  });

  const pathsBeyondLimit: string[] = [];
  const images = lists.flatMap(({ place, label, role }): ImageFile[] => {
    const files = place.files.toSorted((a, b) => compareNames(a.relativePath, b.relativePath));
    const kept = files.slice(0, limitPerClass);
    for (const { relativePath } of files.slice(kept.length)) pathsBeyondLimit.push(relativePath);
    return kept.map((file) => ({ ...file, label, role }));
  });
  return {
    ...{ root, name: basename(root), classes, images, skipped: unused },
    ...{ beyondLimit: pathsBeyondLimit.length, pathsBeyondLimit },
    splits: splits.map(({ label, role }) => ({ folder: label, role })),
    hidden: hidden.toSorted(compareNames),
    notices: [...splitNotices(splits), ...caseNotices(classes), ...nestedNotices(lists.map(classFiles))],
  };
}

// --- internal ---

/** Runs checks, whose DataErrors go to `onProblem` or else are thrown. */
function attemptWith(onProblem: ScanOptions['onProblem']) {
  return async <T>(check: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await check();
    } catch (error) {
      if (onProblem === undefined || !(error instanceof DataError)) throw error;
      onProblem(error);
      return undefined;
    }
  };
}

interface ClassPlace {
  role: SplitRole | null;
  path: string;
  relativePath: string;
  level: FolderLevel;
}

interface ClassList {
  place: { path: string; relativePath: string; files: WalkedFile[] };
  name: string;
  label: number;
  role: SplitRole | null;
}

/** Reads where the class folders are: in the data folder or in each split folder. */
async function readPlaces(
  root: string,
  top: FolderLevel,
  splits: readonly SplitFolder[],
  links: LinkRules,
): Promise<ClassPlace[]> {
  if (splits.length === 0) return [{ role: null, path: root, relativePath: '', level: top }];
  return Promise.all(
    splits.map(async ({ name, role }) => {
      const place = { path: join(root, name), relativePath: `${name}/` };
      return { role, ...place, level: await readLevel(place, links) };
    }),
  );
}

/** The real paths of the data folder and the split folders: a link to one of them does not belong to a class. */
async function claimed(realRoot: string, places: readonly ClassPlace[]): Promise<Map<string, string>> {
  const listed = new Map([[realRoot, 'the data folder']]);
  for (const { path, relativePath } of places)
    if (relativePath !== '') listed.set(await realpath(path).catch(unreadable(path)), relativePath.slice(0, -1));
  return listed;
}

function listFor({ role, path, relativePath, level }: ClassPlace, name: string, label: number): ClassList {
  const folder = level.folders.find((one) => one.label === name)?.name ?? name;
  return {
    place: { path: join(path, folder), relativePath: `${relativePath}${folder}`, files: [] },
    name,
    label,
    role,
  };
}

interface Beside {
  root: string;
  splits: readonly SplitFolder[];
  others: readonly LevelFolder[];
  layout: FolderLayout;
  links: LinkRules;
}

/** Lists the folders next to the split folders. Rejects those that may be classes; links may use the files of others. */
async function listBeside(
  { root, splits, others, layout, links }: Beside,
  listed: ReadonlyMap<string, string>,
  into: { skipped: SkippedEntry[]; hidden: string[] },
): Promise<void> {
  for (const { name } of others) {
    // A copy, because files in one unused folder are not in use for the next.
    const walk = new ImageWalk(links, new Map(listed));
    const place = { path: join(root, name), relativePath: name, files: [] as WalkedFile[] };
    await walk.enter(place);
    await walk.followLinks();
    const { files } = place;
    if (files.length > 0 && layout === 'auto')
      refuseAmbiguous(
        root,
        splits,
        others,
        ` (an image outside the split folders is ${displayName(files[0]!.relativePath)})`,
      );
    const self = walk.skipped.find(({ path }) => path === name);
    const own: SkippedEntry[] = [];
    for (const one of walk.skipped)
      if (one.kind !== 'repeat' || (await lstat(join(root, one.path))).isSymbolicLink()) own.push(one);
    // Links use some of its content: report the rest entry by entry.
    if (self === undefined && own.length < walk.skipped.length) {
      into.skipped.push(...own, ...files.map(({ relativePath }) => misplaced(relativePath)));
      into.hidden.push(...walk.hidden);
      continue;
    }
    const count = files.length === 0 ? 'without images' : `with ${files.length} images`;
    into.skipped.push(
      self ?? { path: name, reason: `a folder ${count} next to the split folders, not used`, kind: 'folder' },
    );
  }
}

function misplaced(path: string): SkippedEntry {
  return { path, reason: 'an image outside the class folders', kind: 'misplaced' };
}

function sortedByPath(skipped: readonly SkippedEntry[]): SkippedEntry[] {
  return skipped
    .map(({ path, reason, kind }) => ({ path, reason, kind }))
    .toSorted((a, b) => compareNames(a.path, b.path));
}

async function requireClasses(
  places: readonly ClassPlace[],
  classes: readonly string[],
  skipped: readonly SkippedEntry[],
  links: LinkRules,
): Promise<void> {
  if (classes.length >= 2) return;
  const { path, role } = places[0]!;
  const only = classes[0];
  const inner = only === undefined ? undefined : await innerLevel(places[0]!, links);
  const use = role === null ? 'use that folder as the data folder' : 'move its folders up';
  const hint = inner === undefined ? '' : `; ${displayName(inner.path)} contains ${quoted(inner.folders)}: ${use}`;
  throw new DataError(
    `Expected a folder per class in ${displayName(path)}, at least two, received ${only === undefined ? 'none' : `only "${displayName(only)}"`}${because(skipped)}${hint}.`,
  );
}

/** Finds the first level below with several folders, for a folder of classes nested in another folder. */
async function innerLevel(
  place: ClassPlace,
  links: LinkRules,
): Promise<{ path: string; folders: LevelFolder[] } | undefined> {
  let { path, relativePath, level } = place as Pick<ClassPlace, 'path' | 'relativePath' | 'level'>;
  for (let depth = 0; depth < 8 && level.folders.length === 1; depth += 1) {
    const { name } = level.folders[0]!;
    path = join(path, name);
    relativePath += `${name}/`;
    level = await readLevel({ path, relativePath }, links);
    if (level.folders.length > 1) return { path, folders: level.folders };
  }
  return undefined;
}

/** Rejects two folders with the same name and two classes that look the same. */
function requireDistinct(root: string, places: readonly ClassPlace[], classes: readonly string[]): void {
  for (const { path, level } of places)
    for (const [index, { label }] of level.folders.entries())
      if (level.folders.findIndex((one) => one.label === label) !== index)
        throw new DataError(
          `Expected one folder per class in ${displayName(path)}, received two named "${displayName(label)}", which differ in their Unicode form (composed and decomposed); merge them.`,
        );
  const looks = new Map<string, string>();
  for (const name of classes) {
    const look = lookOf(name);
    const other = looks.get(look);
    if (other !== undefined)
      throw new DataError(
        `Expected distinguishable class names in ${displayName(root)}, received "${displayName(other)}" (${codePoints(other)}) and "${displayName(name)}" (${codePoints(name)}), which look the same; rename or merge them.`,
      );
    looks.set(look, name);
  }
}

function codePoints(name: string): string {
  const points = Array.from(name, (one) => `U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
  return points.length > 12 ? `${points.slice(0, 12).join(' ')} …` : points.join(' ');
}

/** Rejects a folder without class folders, as in many competitions' test sets. */
function refuseUnlabeled(place: Omit<ClassPlace, 'level'>, skipped: readonly SkippedEntry[]): never {
  const inside = skipped.filter(({ path }) => path.startsWith(place.relativePath));
  const fix = place.role === 'train' ? '' : '; move it out of the data folder if its images have no labels';
  throw new DataError(
    `Expected a folder per class in ${displayName(place.path)}, received none${because(inside)}${fix}.`,
  );
}

function refuseEmpty(
  { place, name, role }: ClassList,
  lists: readonly ClassList[],
  skipped: readonly SkippedImage[],
): never {
  const { path, relativePath } = place;
  const inside = skipped.filter((one) => one.path === relativePath || one.path.startsWith(`${relativePath}/`));
  const twin = lists.find(
    (one) => one.name !== name && one.role === role && sameInAnyCase(one.name, name) && one.place.files.length > 0,
  );
  const hint = twin === undefined ? '' : `; there is "${displayName(twin.name)}", which differs only in case`;
  throw new DataError(
    `Expected images of class "${displayName(name)}" in ${displayName(path)}, received none${because(inside)}${hint}.`,
  );
}

function sameInAnyCase(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function splitNotices(splits: readonly SplitFolder[]): string[] {
  const uses = { train: 'the training set', tune: 'the tune set, for early stopping', test: 'the test set' };
  const unusual = splits.some(({ label }) => !['train', 'test'].includes(label));
  return unusual ? [splits.map(({ label, role }) => `${displayName(label)}/ is ${uses[role]}`).join('; ')] : [];
}

function caseNotices(classes: readonly string[]): string[] {
  return classes.flatMap((name, index) => {
    const twin = classes.slice(0, index).find((other) => sameInAnyCase(other, name));
    return twin === undefined
      ? []
      : [`"${displayName(twin)}" and "${displayName(name)}" are two classes that differ only in case`];
  });
}

function classFiles({ name, place }: ClassList): { name: string; folder: string; files: readonly WalkedFile[] } {
  return { name, folder: place.relativePath, files: place.files };
}

/** The skipped entries as the reason why a folder has no images. */
function because(skipped: readonly SkippedImage[]): string {
  if (skipped.length === 0) return '';
  const { path, reason } = skipped[0]!;
  return ` (${displayName(path)}: ${reason}${skipped.length > 1 ? `; and ${skipped.length - 1} more` : ''})`;
}
