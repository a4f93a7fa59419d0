/** Finds the images below class folders: into their subfolders, through links once, and never out of the data set. */
import { isUtf8 } from 'node:buffer';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { describeKind } from './file-kind.ts';

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

/** A path and what it is called in results. */
interface Place {
  path: string;
  relativePath: string;
  /** Folders between it and its class folder, which has 0. */
  depth: number;
  /** What is found goes there. */
  files: WalkedFile[];
}

/** Endings that are taken for images; whether they are is decided by their content. */
const imageEndings = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?|heic|heif|bmp|jxl)$/i;

/** Subfolders below a class folder. */
const maxDepth = 16;

/** One walk over a data set: it knows what was listed, so that nothing is listed twice. */
export class ImageWalk {
  /** What has an image's name but cannot be one, and links that are not followed; in the order of their finding. */
  readonly skipped: SkippedImage[] = [];
  readonly #realRoot: string;
  /** Real path of every folder and file that is listed → what it is called. */
  readonly #listed = new Map<string, string>();
  /** Followed when all that is no link is listed: a picture is listed at its own place first. */
  readonly #links: Place[] = [];

  /** @param realRoot the data set, without links in its path. */
  constructor(realRoot: string) {
    this.#realRoot = realRoot;
  }

  /** Lists a class folder into `files`; one that is a link, only in {@link followLinks}. */
  async enter(place: Omit<Place, 'depth'>): Promise<void> {
    const stats = await lstat(place.path).catch(() => null);
    if (stats?.isSymbolicLink()) this.#links.push({ ...place, depth: 0 });
    else if (stats?.isDirectory()) await this.#list({ ...place, depth: 0 });
  }

  /** Lists what links lead to; every folder and file once. Comes last. */
  async followLinks(): Promise<void> {
    // A class of its own before a part of another one.
    this.#links.sort((a, b) => a.depth - b.depth);
    // What they lead to may have links of its own, which join the queue.
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) await this.#follow(link);
  }

  async #list(place: Place): Promise<void> {
    const folder = await readFolder(place.path).catch((error: NodeJS.ErrnoException) => error);
    if (folder instanceof Error) {
      this.#skip(place, `cannot be read: ${folder.code}`);
      return;
    }
    if (!this.#claim(folder.real, place)) return;
    if (place.depth > maxDepth) {
      this.#skip(place, `more than ${maxDepth} folders deep`);
      return;
    }
    for (const { name, isExact } of folder.names) {
      if (name.startsWith('.')) continue;
      const inner = {
        path: join(place.path, name),
        relativePath: `${place.relativePath}/${name}`,
        depth: place.depth + 1,
        files: place.files,
      };
      if (!isExact) {
        this.#skip(inner, 'its name is not valid UTF-8; rename it');
        continue;
      }
      // lstat and stat never open: a named pipe would wait for its writer.
      const stats = await lstat(inner.path).catch((error: NodeJS.ErrnoException) => error);
      const isNamedImage = imageEndings.test(name);
      if (stats instanceof Error) this.#skip(inner, `cannot be read: ${stats.code}`);
      else if (stats.isSymbolicLink()) this.#links.push(inner);
      else if (stats.isDirectory() && !isNamedImage) await this.#list(inner);
      else if (isNamedImage && !stats.isFile()) this.#skip(inner, describeKind(stats));
      else if (isNamedImage && this.#claim(join(folder.real, name), inner)) this.#add(inner, stats);
    }
  }

  async #follow(link: Place): Promise<void> {
    const target = await resolveLink(link.path, this.#realRoot);
    if ('reason' in target) {
      this.#skip(link, target.reason);
      return;
    }
    const stats = await stat(target.path).catch((error: NodeJS.ErrnoException) => error);
    if (stats instanceof Error) this.#skip(link, `cannot be read: ${stats.code}`);
    else if (stats.isDirectory()) await this.#list(link);
    else if (!imageEndings.test(link.relativePath)) return;
    else if (!stats.isFile()) this.#skip(link, describeKind(stats));
    else if (this.#claim(target.path, link)) this.#add(link, stats);
  }

  /** False, and a line among what is skipped, when it was listed before. */
  #claim(real: string, place: Place): boolean {
    const before = this.#listed.get(real);
    if (before !== undefined) this.#skip(place, `the same as ${before}, which is listed`);
    else this.#listed.set(real, place.relativePath);
    return before === undefined;
  }

  #add({ path, relativePath, files }: Place, { size, mtimeMs }: { size: number; mtimeMs: number }): void {
    files.push({ path, relativePath, sizeBytes: size, mtimeMs });
  }

  #skip({ relativePath }: Place, reason: string): void {
    this.skipped.push({ path: relativePath, reason });
  }
}

/** Where a link leads to, or why it is not followed. */
export async function resolveLink(path: string, realRoot: string): Promise<{ path: string } | { reason: string }> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => error);
  if (target instanceof Error) {
    if (target.code === 'ENOENT') return { reason: 'broken link' };
    return { reason: target.code === 'ELOOP' ? 'a link that leads to itself' : `cannot be read: ${target.code}` };
  }
  if (!isWithin(target, realRoot)) return { reason: 'link out of the data set' };
  if (isWithin(await realpath(dirname(path)), target)) return { reason: 'a link back to a folder that it lies in' };
  return { path: target };
}

/**
 * A folder's names, sorted by their UTF-16 code units, whatever the file system gives.
 *
 * @returns `isExact` is false for a name that is no UTF-8, which no string can hold; its odd bytes are then `\xff`.
 */
export async function namesIn(path: string): Promise<{ name: string; isExact: boolean }[]> {
  const names = await readdir(path, { encoding: 'buffer' });
  return names
    .map((name) => (isUtf8(name) ? { name: name.toString(), isExact: true } : { name: escaped(name), isExact: false }))
    .toSorted((a, b) => byCodeUnits(a.name, b.name));
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// --- internal ---

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
