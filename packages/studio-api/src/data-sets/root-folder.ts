/** The folder of a data set, in which files are added and moved, and out of which nothing is. */
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { displayName, normalizeName } from '@chorus/data';
import { refused } from '../errors.ts';
import { changing } from './disk-change.ts';
import { isFolder } from './is-folder.ts';
import { isInside, numberedName } from './names.ts';
import { addFile, moveFile } from './place-file.ts';

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

  /** Whether a path, which anybody may have written, is that of a file in the root. */
  async hasFile(path: string): Promise<boolean> {
    if (!isInside(path)) return false;
    return stat(this.absolute(path)).then(
      (found) => found.isFile(),
      () => false,
    );
  }

  /** Whether a path, which anybody may have written, is that of a folder in the root. */
  async hasFolder(path: string): Promise<boolean> {
    return isInside(path) && isFolder(this.absolute(path));
  }

  /**
   * The folder of a class, which is created if a split does not have it.
   *
   * @param split name of the split folder; null in a folder of classes.
   * @throws StudioError when it is not inside the root, or cannot be created.
   */
  async classFolder(label: string, split: string | null): Promise<string> {
    const above = this.#splitFolder(split);
    return this.ensureFolder((await this.#existingClassFolder(label, above)) ?? join(above, label));
  }

  /**
   * Removes the folders of a class. If one of them contains anything, none is removed.
   *
   * @param splits as for {@link classFolder}.
   * @throws StudioError when one of them contains anything, or is a link.
   */
  async removeClass(label: string, splits: readonly (string | null)[]): Promise<void> {
    const folders: string[] = [];
    for (const split of splits) {
      const folder = await this.#existingClassFolder(label, this.#splitFolder(split));
      if (folder !== undefined) folders.push(folder);
    }
    for (const folder of folders) {
      if (!(await changing(folder, () => lstat(folder))).isDirectory())
        throw refused(`${folder} is a link; remove it yourself.`);
      const [first] = await changing(folder, () => readdir(folder));
      if (first !== undefined)
        throw refused(
          `${folder} contains ${displayName(first)}, which is not an image of the data set; remove it first.`,
        );
    }
    for (const folder of folders) await changing(folder, () => rmdir(folder));
  }

  /**
   * Plans new names for the folders of a class, in the splits that have it. Renames nothing.
   *
   * @param splits as for {@link classFolder}.
   * @throws StudioError when a name is taken, or a link leads to a folder.
   */
  async planClassName(label: string, newLabel: string, splits: readonly (string | null)[]): Promise<Move[]> {
    const moves: Move[] = [];
    for (const split of splits) {
      const above = this.#splitFolder(split);
      const folder = await this.#existingClassFolder(label, above);
      if (folder !== undefined) moves.push({ from: this.#relative(folder), to: this.#relative(join(above, newLabel)) });
      else await this.#requireFree(join(above, newLabel));
    }
    await this.requireRenamable(moves);
    return moves;
  }

  /** @throws StudioError when a new name is taken, or a link leads to a folder. */
  async requireRenamable(folders: readonly Move[]): Promise<void> {
    for (const { from, to } of folders) {
      await this.#requireDirectFolder(from);
      await this.#requireFree(this.absolute(to), this.absolute(from));
    }
  }

  async rename(folders: readonly Move[]): Promise<void> {
    for (const { from, to } of folders)
      await changing(this.absolute(from), () => rename(this.absolute(from), this.absolute(to)));
  }

  /** Reverts {@link rename}, whether it ended, failed or was killed. It can be repeated. */
  async renameBack(folders: readonly Move[]): Promise<void> {
    for (const { from, to } of folders.toReversed()) {
      const names = await changing(this.absolute(from), () => readdir(this.absolute(dirname(from))));
      // Not renamed yet, or back already: what has the new name then is something else.
      if (names.includes(basename(from)) || !names.includes(basename(to))) continue;
      await this.#requireDirectFolder(to);
      await this.rename([{ from: to, to: from }]);
    }
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
   * Writes a file under a free name.
   *
   * @returns its path, relative to the root.
   */
  async add(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    return this.#relative(await changing(folder, () => addFile(folder, name, bytes)));
  }

  /**
   * Chooses a free name for each file that is to be moved. Moves nothing.
   *
   * @throws StudioError when a file is reached by a link, or there is no free name.
   */
  async plan(files: readonly FileToMove[]): Promise<Move[]> {
    const moves: Move[] = [];
    // Names that differ only in case are the same to some file systems.
    const taken = new Set<string>();
    const isFree = async (path: string) => !taken.has(path.toLowerCase()) && (await lstatOrNone(path)) === undefined;
    for (const { path, folder, name } of files) {
      await this.#requireOwnFile(path);
      let place = join(folder, name);
      for (let number = 2; !(await changing(folder, () => isFree(place))); number += 1)
        place = join(folder, numberedName(name, number));
      taken.add(place.toLowerCase());
      moves.push({ from: path, to: this.#relative(place) });
    }
    return moves;
  }

  /** @throws StudioError when a file cannot be moved, or its place has been taken meanwhile; those before it are moved. */
  async move(moves: readonly Move[]): Promise<void> {
    for (const { from, to } of moves)
      await changing(this.absolute(from), () => moveFile(this.absolute(from), this.absolute(to)));
  }

  /**
   * Moves files back to where they were before {@link move}, whether it ended, failed or was killed. Files that are back already
   * stay, so that it can be repeated.
   *
   * @throws StudioError when a file cannot be moved.
   */
  async moveBack(moves: readonly Move[]): Promise<void> {
    for (const { from, to } of moves.toReversed()) {
      const [source, target] = [this.absolute(from), this.absolute(to)];
      const before = await changing(source, () => lstatOrNone(source));
      const after = await changing(target, () => lstatOrNone(target));
      if (after === undefined) continue;
      if (before === undefined) {
        await this.#requireOwnFile(to);
        await this.ensureFolder(dirname(source));
        await changing(source, () => moveFile(target, source));
        continue;
      }
      // Killed between the two steps of a move: the file has both names, or the new one is reserved by an empty file.
      const isSameFile = before.dev === after.dev && before.ino === after.ino && after.nlink > 1n;
      if (!isSameFile && after.size > 0n) continue;
      await this.#requireOwnFile(to);
      await changing(target, () => unlink(target));
    }
  }

  #splitFolder(split: string | null): string {
    return split === null ? this.path : join(this.path, split);
  }

  async #existingClassFolder(label: string, above: string): Promise<string | undefined> {
    const names = await changing(above, () => readdir(above));
    // Another system may have encoded the name with other code points.
    for (const name of names.filter((one) => normalizeName(one) === label))
      if (await isFolder(join(above, name))) return join(above, name);
    return undefined;
  }

  #relative(path: string): string {
    return relative(this.path, path).replaceAll(sep, '/');
  }

  /** @throws StudioError when something else has the place of a new folder. */
  async #requireFree(place: string, folder?: string): Promise<void> {
    const taken = await changing(place, () => lstatOrNone(place));
    if (taken === undefined) return;
    // A name that differs only in case is that of the folder itself to some file systems.
    if (folder !== undefined && taken.ino === (await lstatOrNone(folder))?.ino) return;
    throw refused(`${place} exists already; rename or remove it first.`);
  }

  /** @throws StudioError when a folder is reached by a link: it may be outside of the root. */
  async #requireDirectFolder(path: string): Promise<void> {
    if (!(await this.#isDirect(path))) throw refused(`${path} is reached by a link; rename the folder itself.`);
  }

  /** Whether no link leads to where a path is. */
  async #isDirect(path: string): Promise<boolean> {
    const above = this.absolute(dirname(path));
    return (await changing(above, () => realpath(above))) === join(await realpath(this.path), dirname(path));
  }

  /** @throws StudioError when a link leads to a file: moving it would change another place, or break the link. */
  async #requireOwnFile(path: string): Promise<void> {
    const absolute = this.absolute(path);
    const isFile = (await changing(absolute, () => lstat(absolute))).isFile();
    if (!isFile || !(await this.#isDirect(path))) throw refused(`${path} is reached by a link; move the file itself.`);
  }
}

// --- internal ---

/** With exact numbers, so that two files are never taken for the same one. */
async function lstatOrNone(path: string) {
  return lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
