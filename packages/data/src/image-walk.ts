/** Finds the images in class folders and their subfolders and, once each, the targets of links. */

import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { TooManyOpenFilesError, withFreeFile } from '@chorus/storage';
import { systemErrorText } from '@chorus/storage/system-error';
import { compareNames } from './display-name.ts';
import { contentOf, describeKind, hasImageEnding } from './file-kind.ts';
import { isHiddenEntry } from './hidden-entry.ts';

export interface WalkedFile {
  /** Absolute path. */
  path: string;
  /** Path relative to the data folder, with `/` between folders. */
  relativePath: string;
  sizeBytes: number;
  /** Modification time, milliseconds since 1970, with a fraction. */
  mtimeMs: number;
}

export interface SkippedImage {
  path: string;
  reason: string;
}

/** Why an entry of a data set is not used. */
export type SkipKind =
  /** An unusable entry with the name or the content of an image. */
  | 'image'
  /** A link out of the data set, followed only on request. */
  | 'outside'
  /** A broken link, or one to itself or to a folder that contains it. */
  | 'link'
  /** Already listed under another path. */
  | 'repeat'
  /** A folder that is not read. */
  | 'folder'
  /** A file that is not an image. */
  | 'file'
  /** An image outside the class folders. */
  | 'misplaced'
  /** An image that the user left out. */
  | 'excluded';

export interface SkippedEntry extends SkippedImage {
  kind: SkipKind;
}

/** How links in a data set are followed. */
export interface LinkRules {
  /** The real path of the data set. */
  realRoot: string;
  /** Whether to follow links out of the data set. */
  followLinks: boolean;
}

/** A path and its name in results. */
interface Place {
  path: string;
  relativePath: string;
  /** Number of folders between it and its class folder, whose depth is 0. */
  depth: number;
  /** Receives the images found. */
  files: WalkedFile[];
}

/** Maximum depth of subfolders below a class folder. */
const maxDepth = 16;

/** Walks a data set and lists every file and folder at most once. */
export class ImageWalk {
  /** All unused entries, in the order found; a folder represents its content. */
  readonly skipped: SkippedEntry[] = [];
  /** Paths of hidden entries and those created by operating systems; a folder represents its content. */
  readonly hidden: string[] = [];
  readonly #links: LinkRules;
  /** The real path of each listed folder and file → its name in results. */
  readonly listed: Map<string, string>;
  /** Links wait until all other entries are listed, so that an image is listed at its own path first. */
  readonly #queue: Place[] = [];

  /** @param listed real paths that must not be listed (again) → their names in results; the walk adds to it. */
  constructor(links: LinkRules, listed: Map<string, string> = new Map()) {
    this.#links = links;
    this.listed = listed;
  }

  /** Lists a class folder into `files`; if it is a link, only in {@link followLinks}. */
  async enter(place: Omit<Place, 'depth'>): Promise<void> {
    const stats = await lstat(place.path).catch(() => null);
    if (stats?.isSymbolicLink()) this.#queue.push({ ...place, depth: 0 });
    else if (stats?.isDirectory()) await this.#list({ ...place, depth: 0 });
  }

  /** Lists the targets of links, every folder and file once. Call it last. */
  async followLinks(): Promise<void> {
    // A link that is a class takes precedence over one inside another class.
    this.#queue.sort((a, b) => a.depth - b.depth);
    // Links found in their targets are appended to the queue.
    for (let link = this.#queue.shift(); link !== undefined; link = this.#queue.shift()) await this.#follow(link);
  }

  async #list(place: Place): Promise<void> {
    const folder = await readFolder(place.path).catch((error: NodeJS.ErrnoException) => {
      if (error instanceof TooManyOpenFilesError) throw error;
      return error;
    });
    if (folder instanceof Error) {
      this.#skip(place, 'folder', `cannot be read: ${systemErrorText(folder)}`);
      return;
    }
    if (place.depth > maxDepth) {
      this.#skip(place, 'folder', `more than ${maxDepth} folders deep`);
      return;
    }
    if (!this.#claim(folder.real, place)) return;
    if (folder.names.length === 0) this.#skip(place, 'folder', 'an empty folder');
    for (const { name, isExact } of folder.names) {
      const inner = {
        path: join(place.path, name),
        relativePath: `${place.relativePath}/${name}`,
        depth: place.depth + 1,
        files: place.files,
      };
      if (isHiddenEntry(name)) this.hidden.push(inner.relativePath);
      else if (isExact) await this.#enterEntry(inner, name, folder.real);
      else this.#skip(inner, hasImageEnding(name) ? 'image' : 'file', 'its name is not valid UTF-8; rename it');
    }
  }

  async #enterEntry(place: Place, name: string, realFolder: string): Promise<void> {
    // lstat and stat never open the file: opening a named pipe would block.
    const stats = await lstat(place.path).catch((error: NodeJS.ErrnoException) => error);
    if (stats instanceof Error) this.#skip(place, kindByName(name), `cannot be read: ${systemErrorText(stats)}`);
    else if (stats.isSymbolicLink()) this.#queue.push(place);
    else if (stats.isDirectory() && !hasImageEnding(name)) await this.#list(place);
    else await this.#addFile(place, stats, join(realFolder, name));
  }

  async #follow(link: Place): Promise<void> {
    const target = await resolveLink(link.path, this.#links);
    const kind = kindByName(link.relativePath);
    if ('reason' in target) {
      this.#skip(link, target.kind === 'link' && kind === 'image' ? 'image' : target.kind, target.reason);
      return;
    }
    const stats = await stat(target.path).catch((error: NodeJS.ErrnoException) => error);
    if (stats instanceof Error) this.#skip(link, kind, `cannot be read: ${systemErrorText(stats)}`);
    else if (stats.isDirectory()) await this.#list(link);
    else await this.#addFile(link, stats, target.path);
  }

  /** Lists a non-folder if its extension or, without an image extension, its content is that of an image. */
  async #addFile(place: Place, stats: Stats, real: string): Promise<void> {
    const kind = kindByName(place.relativePath);
    if (!stats.isFile()) {
      this.#skip(place, kind, describeKind(stats));
      return;
    }
    if (kind !== 'image') {
      const content = await contentOf(place.path);
      if (!content.isAccepted) {
        this.#skip(place, content.isImage ? 'image' : 'file', content.reason);
        return;
      }
    }
    if (!this.#claim(real, place)) return;
    const { path, relativePath, files } = place;
    files.push({ path, relativePath, sizeBytes: stats.size, mtimeMs: stats.mtimeMs });
  }

  /** Returns false, and records the place as skipped, if it was listed before. */
  #claim(real: string, place: Place): boolean {
    const before = this.listed.get(real);
    if (before !== undefined) this.#skip(place, 'repeat', `already listed as ${before}`);
    else this.listed.set(real, place.relativePath);
    return before === undefined;
  }

  #skip({ relativePath }: Place, kind: SkipKind, reason: string): void {
    this.skipped.push({ path: relativePath, reason, kind });
  }
}

/** Resolves a link, or returns why it is not followed. */
export async function resolveLink(
  path: string,
  { realRoot, followLinks }: LinkRules,
): Promise<{ path: string } | { kind: 'link' | 'outside'; reason: string }> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => error);
  if (target instanceof Error) {
    if (target.code === 'ENOENT') return { kind: 'link', reason: 'broken link' };
    if (target.code === 'ELOOP') return { kind: 'link', reason: 'a link that leads to itself' };
    return { kind: 'link', reason: `cannot be read: ${systemErrorText(target)}` };
  }
  if (!followLinks && !isWithin(target, realRoot)) return { kind: 'outside', reason: 'link out of the data set' };
  if (isWithin(await realpath(dirname(path)), target))
    return { kind: 'link', reason: 'a link to a folder that contains it' };
  return { path: target };
}

/**
 * Returns a folder's names in the order of {@link compareNames}, independent of the file system.
 *
 * @returns `isExact` is false for a name that is not valid UTF-8; its invalid bytes are escaped as `\xff`.
 * @throws TooManyOpenFilesError when too many files stay open; any other error of the file system.
 */
export async function namesIn(path: string): Promise<{ name: string; bytes: Buffer; isExact: boolean }[]> {
  const names = await withFreeFile(path, () => readdir(path, { encoding: 'buffer' }));
  return names
    .map((bytes) => {
      const isExact = isUtf8(bytes);
      return { name: isExact ? bytes.toString() : escaped(bytes), bytes, isExact };
    })
    .toSorted((a, b) => compareNames(a.name, b.name));
}

// --- internal ---

function kindByName(name: string): 'image' | 'file' {
  return hasImageEnding(name) ? 'image' : 'file';
}

async function readFolder(path: string) {
  return { real: await realpath(path), names: await namesIn(path) };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function escaped(name: Buffer): string {
  return name
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
