/** The folder of a data set, in which files are added and moved, and out of which nothing is. */
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { normalizeName } from '@chorus/data';
import { publishFile } from '@chorus/storage';
import { refused } from '../errors.ts';
import { changing } from './disk-change.ts';
import { moveToReserved, reserveName } from './place-file.ts';

/** Paths relative to the root, with `/`. */
export interface Move {
  from: string;
  to: string;
}

/** A file to move, by its path relative to the root, and where to. */
export interface FileToMove {
  path: string;
  /** Absolute path of a folder in the root. */
  folder: string;
  /** Another one is used if it is taken. */
  name: string;
}

export class RootFolder {
  /** Absolute. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  absolute(path: string): string {
    return join(this.path, path);
  }

  /**
   * The folder of a class, which is created if a split does not have it.
   *
   * @param split name of the split folder; null in a folder of classes.
   * @throws StudioError when it is not inside the root, or cannot be created.
   */
  async classFolder(label: string, split: string | null): Promise<string> {
    const above = split === null ? this.path : join(this.path, split);
    const names = await changing(above, () => readdir(above));
    // Another system may have encoded the name with other code points.
    return this.ensureFolder(join(above, names.find((name) => normalizeName(name) === label) ?? label));
  }

  /**
   * Creates a folder if it does not exist.
   *
   * @throws StudioError when it is not inside the root, also by a link, or cannot be created.
   */
  async ensureFolder(folder: string): Promise<string> {
    let existing = folder;
    while (!existsSync(existing)) existing = dirname(existing);
    const [real, realRoot] = [await realpath(existing), await realpath(this.path)];
    if (real !== realRoot && !real.startsWith(realRoot + sep))
      throw refused(`${folder} is outside of the data set, by a link; nothing was changed.`);
    await changing(folder, () => mkdir(folder, { recursive: true }));
    return folder;
  }

  /**
   * Publishes a file under a free name.
   *
   * @returns its path, relative to the root.
   */
  async add(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    const reserved = await changing(folder, () => reserveName(folder, name));
    try {
      await changing(folder, () => publishFile(reserved, bytes));
      return this.#relative(reserved);
    } catch (error) {
      await rm(reserved, { force: true });
      throw error;
    }
  }

  /**
   * Moves files, all or none of them, and never over others.
   *
   * @param record called before the first file is moved.
   * @throws StudioError when a file is reached by a link, or cannot be moved; the error of `record`.
   */
  async move(files: readonly FileToMove[], record: (moves: Move[]) => Promise<void>): Promise<Move[]> {
    for (const { path } of files) await this.#requireOwnFile(path);
    const moves: Move[] = [];
    let movedCount = 0;
    try {
      for (const { path, folder, name } of files)
        moves.push({ from: path, to: this.#relative(await changing(folder, () => reserveName(folder, name))) });
      await record(moves);
      for (const { from, to } of moves) {
        await changing(this.path, () => moveToReserved(this.absolute(from), this.absolute(to)));
        movedCount += 1;
      }
      return moves;
    } catch (error) {
      for (const [index, { from, to }] of moves.entries())
        if (index >= movedCount) await rm(this.absolute(to), { force: true });
        else await moveToReserved(this.absolute(to), await reserveName(dirname(this.absolute(from)), basename(from)));
      throw error;
    }
  }

  #relative(path: string): string {
    return relative(this.path, path).replaceAll(sep, '/');
  }

  /** @throws StudioError when a link leads to a file: moving it would change another place, or break the link. */
  async #requireOwnFile(path: string): Promise<void> {
    const absolute = this.absolute(path);
    const isFile = (await changing(absolute, () => lstat(absolute))).isFile();
    const isDirect = (await realpath(dirname(absolute))) === join(await realpath(this.path), dirname(path));
    if (!isFile || !isDirect) throw refused(`${path} is reached by a link; move the file itself.`);
  }
}
