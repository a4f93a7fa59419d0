/** Finds the images below class folders: into their subfolders, and through links once. */

import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { systemErrorText } from '@chorus/storage/system-error';
import { compareNames } from './display-name.ts';
import { contentOf, describeKind, hasImageEnding } from './file-kind.ts';
import { isHiddenEntry } from './hidden-entry.ts';

export interface WalkedFile {
  /** Absolute. */
  path: string;
  /** From the data folder on, with `/` between folders. */
  relativePath: string;
  sizeBytes: number;
  /** Last change, milliseconds since 1970, with a fraction. */
  mtimeMs: number;
}

export interface SkippedImage {
  path: string;
  reason: string;
}

/** Why an entry of a data set is not used. */
export type SkipKind =
  /** By its name or its content it claims to be an image, and cannot be used as one. */
  | 'image'
  /** A link out of the data set, which is followed only on request. */
  | 'outside'
  /** A link that leads nowhere, to itself or back. */
  | 'link'
  /** Listed elsewhere already. */
  | 'repeat'
  /** A folder that is not entered. */
  | 'folder'
  /** A file that is no image. */
  | 'file'
  /** An image that lies in no class folder. */
  | 'misplaced';

export interface SkippedEntry extends SkippedImage {
  kind: SkipKind;
}

/** How links of a data set are followed. */
export interface LinkRules {
  /** The data set, without links in its path. */
  realRoot: string;
  /** Also out of the data set. */
  followLinks: boolean;
}

/** A path and what it is called in results. */
interface Place {
  path: string;
  relativePath: string;
  /** Folders between it and its class folder, which has 0. */
  depth: number;
  /** What is found goes there. */
  files: WalkedFile[];
}

/** Subfolders below a class folder. */
const maxDepth = 16;

/** One walk over a data set: it knows what was listed, so that nothing is listed twice. */
export class ImageWalk {
  /** Every entry that is not used, in the order of their finding; a folder stands for what is in it. */
  readonly skipped: SkippedEntry[] = [];
  /** Paths of hidden entries, and of what operating systems leave; a folder stands for what is in it. */
  readonly hidden: string[] = [];
  readonly #links: LinkRules;
  /** Real path of every folder and file that is listed → what it is called. */
  readonly listed: Map<string, string>;
  /** Followed when all that is no link is listed: a picture is listed at its own place first. */
  readonly #queue: Place[] = [];

  /** @param listed by real path, what is not to be listed (again) and what it is called; grows. */
  constructor(links: LinkRules, listed: Map<string, string> = new Map()) {
    this.#links = links;
    this.listed = listed;
  }

  /** Lists a class folder into `files`; one that is a link, only in {@link followLinks}. */
  async enter(place: Omit<Place, 'depth'>): Promise<void> {
    const stats = await lstat(place.path).catch(() => null);
    if (stats?.isSymbolicLink()) this.#queue.push({ ...place, depth: 0 });
    else if (stats?.isDirectory()) await this.#list({ ...place, depth: 0 });
  }

  /** Lists what links lead to; every folder and file once. Comes last. */
  async followLinks(): Promise<void> {
    // A class of its own before a part of another one.
    this.#queue.sort((a, b) => a.depth - b.depth);
    // What they lead to may have links of its own, which join the queue.
    for (let link = this.#queue.shift(); link !== undefined; link = this.#queue.shift()) await this.#follow(link);
  }

  async #list(place: Place): Promise<void> {
    const folder = await readFolder(place.path).catch((error: NodeJS.ErrnoException) => error);
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
    // lstat and stat never open: a named pipe would wait for its writer.
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

  /** What is no folder: listed when its ending or, without a known one, its content is an image's. */
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

  /** False, and a line among what is skipped, when it was listed before. */
  #claim(real: string, place: Place): boolean {
    const before = this.listed.get(real);
    if (before !== undefined) this.#skip(place, 'repeat', `the same as ${before}, which is listed`);
    else this.listed.set(real, place.relativePath);
    return before === undefined;
  }

  #skip({ relativePath }: Place, kind: SkipKind, reason: string): void {
    this.skipped.push({ path: relativePath, reason, kind });
  }
}

/** Where a link leads to, or why it is not followed. */
export async function resolveLink(
  path: string,
  { realRoot, followLinks }: LinkRules,
): Promise<{ path: string } | { kind: 'link' | 'outside'; reason: string }> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => error);
  if (target instanceof Error) {
    if (target.code === 'ENOENT') return { kind: 'link', reason: 'broken link' };
    const text = systemErrorText(target);
    return { kind: 'link', reason: target.code === 'ELOOP' ? text : `cannot be read: ${text}` };
  }
  if (!followLinks && !isWithin(target, realRoot)) return { kind: 'outside', reason: 'link out of the data set' };
  if (isWithin(await realpath(dirname(path)), target))
    return { kind: 'link', reason: 'a link back to a folder that it lies in' };
  return { path: target };
}

/**
 * A folder's names, in the order of {@link compareNames}, whatever the file system gives.
 *
 * @returns `isExact` is false for a name that is no UTF-8, which no string can hold; its odd bytes are then `\xff`.
 */
export async function namesIn(path: string): Promise<{ name: string; bytes: Buffer; isExact: boolean }[]> {
  const names = await readdir(path, { encoding: 'buffer' });
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
