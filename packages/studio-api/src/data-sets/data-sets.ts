/** The data sets of a workspace. */
import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import type { FolderLayout } from '@chorus/data';
import { lookOf } from '@chorus/data';
import { badRequest, RequestError } from '@chorus/server/http';
import { systemErrorText } from '@chorus/storage';
import { conflict, refused } from '../errors.ts';
import type { DataSet, DataSetSummary } from '../protocol/data-sets.ts';
import { Turns } from '../turns.ts';
import { StudioDataSet } from './data-set.ts';
import { folderName, numberedName } from './names.ts';
import { hasRecord, readRecord, writeRecord } from './record.ts';

export class DataSets {
  readonly #workspace: string;
  /** Of the records. */
  readonly #folder: string;
  readonly #all = new Map<string, StudioDataSet>();
  /** Two requests at a time never add the same folder twice. */
  readonly #turns = new Turns();

  private constructor(workspace: string, folder: string) {
    this.#workspace = workspace;
    this.#folder = folder;
  }

  /**
   * Reads the records of a workspace.
   *
   * @param folder of the records; it need not exist.
   * @param onError receives why a record cannot be read; its data set is left out.
   */
  static async load(workspace: string, folder: string, onError: (error: unknown) => void): Promise<DataSets> {
    await mkdir(folder, { recursive: true });
    const sets = new DataSets(workspace, folder);
    for (const id of (await readdir(folder)).toSorted()) {
      const place = join(folder, id);
      // Of a data set that was removed; or the studio was killed before it was added.
      if (!hasRecord(place)) continue;
      try {
        sets.#all.set(id, new StudioDataSet(place, await readRecord(place)));
      } catch (error) {
        onError(new Error(`The data set in ${place} cannot be read, and is left out.`, { cause: error }));
      }
    }
    return sets;
  }

  /** Sorted by name. */
  get summaries(): DataSetSummary[] {
    return [...this.#all.values()].map(({ summary }) => summary).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws RequestError for an unknown id. */
  get(id: string): StudioDataSet {
    const found = this.#all.get(id);
    if (found === undefined)
      throw new RequestError(404, 'not_found', `There is no data set ${JSON.stringify(id.slice(0, 80))}.`);
    return found;
  }

  /** The data set of a folder, if there is one. */
  ofRoot(root: string): StudioDataSet | undefined {
    return [...this.#all.values()].find((one) => one.root === root);
  }

  /**
   * Creates a folder with a folder for each class.
   *
   * @throws RequestError for invalid names; StudioError when the folder exists or cannot be created.
   */
  async create(name: string, classes: readonly string[]): Promise<DataSet> {
    const folder = folderName(name, 'data set');
    const labels = classes.map((one) => folderName(one, 'class'));
    if (new Set(labels.map((label) => lookOf(label).toLowerCase())).size < labels.length)
      throw badRequest('Expected classes with different names, received two that look the same.');
    const root = join(this.#workspace, 'data', folder);
    try {
      await mkdir(join(this.#workspace, 'data'), { recursive: true });
      await mkdir(root);
      for (const label of labels) await mkdir(join(root, label));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw conflict(`There is already a folder ${root}.`);
      throw refused(`Cannot create ${root}: ${systemErrorText(error)}.`, { cause: error });
    }
    // Classes may be called "train" or "test".
    // The workspace may be reached by a link; `open` compares real paths.
    return this.#add({ name: folder, root: await realpath(root), isOwn: true, layout: 'classes' });
  }

  /**
   * Opens a folder in place.
   *
   * @param path absolute, or relative to the workspace.
   * @throws StudioError when it is not a folder, or contains the workspace.
   */
  async open(path: string, layout: FolderLayout = 'auto'): Promise<DataSet> {
    if (path.includes('\0')) throw badRequest('Expected a path without NUL characters.');
    const root = await realpath(resolve(this.#workspace, path)).catch((error: unknown) => {
      throw refused(`Cannot open ${path}: ${systemErrorText(error)}.`, { cause: error });
    });
    if (!(await stat(root)).isDirectory()) throw refused(`Expected a folder of images, received the file ${path}.`);
    const workspace = await realpath(this.#workspace);
    if (`${workspace}${sep}`.startsWith(root.endsWith(sep) ? root : `${root}${sep}`))
      throw refused(
        `${root} contains the folder that the studio works in, where runs are written; start the studio in another folder.`,
      );
    return this.#add({ name: basename(root) || 'data', root, isOwn: false, layout });
  }

  /** Removes a data set from the studio; its images stay, and the lists that are read when its runs are resumed. */
  async remove(id: string): Promise<void> {
    await this.get(id).forget();
    this.#all.delete(id);
  }

  /** Adds a data set, or finds that of the same folder. */
  #add(entry: { name: string; root: string; isOwn: boolean; layout: FolderLayout }): Promise<DataSet> {
    return this.#turns.run(async () => {
      const { root, layout } = entry;
      const known = this.ofRoot(root);
      if (known !== undefined && layout !== 'auto' && layout !== known.layout)
        throw conflict(`${root} is open already, with the layout "${known.layout}".`);
      if (known !== undefined) return known.describe();
      const record = { schemaVersion: 1 as const, ...entry, excluded: [], changes: [], moving: [], renaming: [] };
      const folder = await this.#newFolder(entry.name);
      await writeRecord(folder, record);
      const added = new StudioDataSet(folder, record);
      this.#all.set(added.id, added);
      return added.describe();
    });
  }

  /** A new folder for a record, whose name is part of addresses. */
  async #newFolder(name: string): Promise<string> {
    const id =
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '')
        .slice(0, 60) || 'data-set';
    for (let number = 1; ; number += 1) {
      const folder = join(this.#folder, numberedName(id, number));
      try {
        await mkdir(folder);
        return folder;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
}
