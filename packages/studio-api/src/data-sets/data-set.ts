/** A data set that the studio has opened: its images, and changes to them that can be undone. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lookOf } from '@chorus/data';
import { excludeListOf } from '@chorus/orchestration';
import { badRequest, RequestError } from '@chorus/server/http';
import { publishFile } from '@chorus/storage';
import { conflict, refused, type StudioError } from '../errors.ts';
import type { Changed, DataSet, DataSetImage, DataSetSummary, ImagePage } from '../protocol/data-sets.ts';
import { Turns } from '../turns.ts';
import { changing } from './disk-change.ts';
import { type ListedImage, type Listing, readListing, shownImage } from './listing.ts';
import { folderName } from './names.ts';
import { nameOfUsableImage } from './new-image.ts';
import { pathsAfter, withMovedFiles, withPaths, withRenamedFolders } from './paths-after.ts';
import {
  type Change,
  type DataSetRecord,
  describeChange,
  keptChanges,
  type Relabeling,
  type Renaming,
  removeRecord,
  writeRecord,
} from './record.ts';
import { type FileToMove, type Move, RootFolder } from './root-folder.ts';

export interface ImageQuery {
  class?: string | undefined;
  excluded?: boolean | undefined;
  offset: number;
  limit: number;
}

/** Its methods run one after the other, so that two requests never change the same files at a time. */
export class StudioDataSet {
  readonly id: string;
  /** Of the record in the workspace. */
  readonly #folder: string;
  readonly #files: RootFolder;
  #record: DataSetRecord;
  #listing: Listing | undefined;
  readonly #turns = new Turns();
  #revision = 0;
  #isForgotten = false;

  /** @param folder of the record, which the caller has read. */
  constructor(folder: string, record: DataSetRecord) {
    this.id = basename(folder);
    this.#folder = folder;
    this.#files = new RootFolder(record.root);
    this.#record = record;
  }

  get root(): string {
    return this.#record.root;
  }

  get layout(): DataSetRecord['layout'] {
    return this.#record.layout;
  }

  /** Changes with the images that the studio adds, moves, excludes or includes. */
  get revision(): number {
    return this.#revision;
  }

  get summary(): DataSetSummary {
    const { name, root, isOwn } = this.#record;
    return { id: this.id, name, root, isOwn, isMissing: !existsSync(root) };
  }

  /** Reads the folder again. */
  describe(): Promise<DataSet> {
    return this.#turns.run(async () => this.#describe(await this.#read()));
  }

  /** The first page reads the folder again. */
  images({ class: name, excluded, offset, limit }: ImageQuery): Promise<ImagePage> {
    return this.#turns.run(async () => {
      const { images } = offset === 0 ? await this.#read() : await this.#known();
      const found = [...images.values()].filter(
        (image) =>
          (name === undefined || image.class === name) && (excluded === undefined || image.excluded === excluded),
      );
      return { total: found.length, offset, images: found.slice(offset, offset + limit).map(shownImage) };
    });
  }

  /** @throws RequestError for a path that no image of the data set has. */
  find(path: string): Promise<ListedImage> {
    return this.#turns.run(async () => {
      const known = await this.#known();
      // Another program may have added it. Reading takes long, so that it is not done for each image that is gone.
      const isNew = !known.images.has(path) && (await this.#files.hasFile(path));
      return required(isNew ? await this.#read() : known, path);
    });
  }

  /**
   * Where images are now, that had these paths before some of the changes; null for one that is gone, or if another image has its path now.
   */
  current(paths: readonly string[]): Promise<(DataSetImage | null)[]> {
    return this.#turns.run(async () => {
      const { images } = await this.#read();
      const moved = pathsAfter(this.#record.changes, paths);
      return paths.map((path, index) => {
        const [image, another] = new Set([path, moved[index]!].flatMap((one) => images.get(one) ?? []));
        // Which of two it was depends on when it had the path.
        return image === undefined || another !== undefined ? null : shownImage(image);
      });
    });
  }

  /** @throws RequestError for an invalid name; StudioError for a name that another class has, or that would be that of a split. */
  addClass(name: string): Promise<DataSet> {
    return this.#turns.run(async () => {
      const listing = await this.#read();
      const label = folderName(name, 'class');
      requireNoTwin(listing.classes, label);
      const folder = join(this.#files.absolute(trainingSplitOf(listing) ?? ''), label);
      await changing(folder, () => mkdir(folder));
      const after = await this.#read();
      if (after.layout !== listing.layout || !after.classes.includes(label)) {
        await rmdir(folder);
        this.#listing = undefined;
        throw takenForSplit(label);
      }
      this.#revision += 1;
      return this.#describe(after);
    });
  }

  /**
   * Renames a class in all splits or, if the studio is killed meanwhile, in none.
   *
   * @throws RequestError for a class that does not exist, and for an invalid name; StudioError for a name that another class has, or that would
   * be that of a split.
   */
  renameClass(name: string, newName: string): Promise<DataSet> {
    return this.#turns.run(async () => {
      const listing = await this.#read();
      requireClass(listing, name);
      const label = folderName(newName, 'class');
      if (label === name) return this.#describe(listing);
      requireNoTwin(
        listing.classes.filter((one) => one !== name),
        label,
      );
      const folders = await this.#files.planClassName(name, label, splitsOf(listing));
      await this.#rename(listing, folders, [
        ...this.#record.changes,
        { kind: 'rename', from: name, to: label, folders },
      ]);
      return this.#describe(await this.#known());
    });
  }

  /**
   * Removes a class that has no images.
   *
   * @throws RequestError for a class that does not exist; StudioError for one with images or other files.
   */
  removeClass(name: string): Promise<DataSet> {
    return this.#turns.run(async () => {
      const listing = await this.#read();
      requireClass(listing, name);
      const own = [...listing.images.values()].filter((image) => image.class === name);
      if (own.length > 0) {
        const [count, them] = own.length === 1 ? ['1 image', 'it'] : [`${own.length} images`, 'them'];
        throw conflict(`The class "${name}" still has ${count}; move ${them} to another class first.`);
      }
      await this.#files.removeClass(name, splitsOf(listing));
      this.#revision += 1;
      return this.#describe(await this.#read());
    });
  }

  /**
   * Adds an image to the training images of a class.
   *
   * @throws RequestError for a class that does not exist, and bytes that are not a usable image.
   */
  async addImage(name: string, bytes: Uint8Array, fileName: string): Promise<DataSetImage> {
    const ownName = await nameOfUsableImage(bytes, fileName);
    return this.#turns.run(async () => {
      const listing = await this.#known();
      requireClass(listing, name);
      const folder = await this.#files.classFolder(name, trainingSplitOf(listing));
      const path = await this.#files.add(folder, ownName, bytes);
      this.#revision += 1;
      // An image of this name may have been excluded and then removed.
      if (this.#record.excluded.includes(path))
        await this.#write({ excluded: withPaths(this.#record.excluded, [path], false) });
      const absolute = this.#files.absolute(path);
      const { mtimeMs, size: sizeBytes } = await lstat(absolute);
      const image: ListedImage = {
        path,
        class: name,
        role: listing.layout === 'splits' ? 'train' : null,
        excluded: false,
        file: { path: absolute, mtimeMs, sizeBytes },
      };
      listing.images.set(image.path, image);
      return shownImage(image);
    });
  }

  /**
   * Moves images to another class of the same split; those that are in it already stay.
   *
   * @throws RequestError for an image or a class that does not exist; StudioError for an image that is reached by a link.
   */
  relabel(paths: readonly string[], name: string): Promise<Changed> {
    return this.#turns.run(async () => {
      const listing = await this.#listingOf(paths);
      requireClass(listing, name);
      const images = new Set(paths.map((path) => required(listing, path)));
      const moving = [...images].filter((image) => image.class !== name);
      const places = new Map<string | null, string>();
      for (const { path } of moving) {
        const split = splitOf(listing, path);
        if (!places.has(split)) places.set(split, await this.#files.classFolder(name, split));
      }
      const moves = await this.#move(
        moving.map(({ path }) => ({ path, folder: places.get(splitOf(listing, path))!, name: basename(path) })),
        (moved) => [...this.#record.changes, { kind: 'relabel', class: name, moves: moved }],
      );
      const now = new Map(moves.map(({ from, to }) => [from, to]));
      const done = moves.length === 0 ? `already in ${name}` : describeChange({ kind: 'relabel', class: name, moves });
      return this.#changed(
        paths.map((path) => now.get(path) ?? path),
        done,
      );
    });
  }

  /** @throws RequestError for an image that does not exist. */
  exclude(paths: readonly string[], excluded: boolean): Promise<Changed> {
    return this.#turns.run(async () => {
      const listing = await this.#listingOf(paths);
      const images = paths.map((path) => required(listing, path));
      const changed = [...new Set(images.filter((image) => image.excluded !== excluded).map(({ path }) => path))];
      const change: Change = { kind: 'exclude', excluded, paths: changed };
      if (changed.length > 0) await this.#exclude(changed, excluded, [...this.#record.changes, change]);
      const done = changed.length > 0 ? describeChange(change) : `already ${excluded ? 'excluded' : 'included'}`;
      return this.#changed(paths, done);
    });
  }

  /** @throws StudioError when there is nothing to undo. */
  undo(): Promise<Changed> {
    return this.#turns.run(async () => {
      const change = this.#record.changes.at(-1);
      if (change === undefined) throw conflict('There is no change to undo.');
      const done = `undone: ${describeChange(change)}`;
      const changes = this.#record.changes.slice(0, -1);
      if (change.kind === 'relabel') return this.#changed(await this.#moveBack(change), done);
      if (change.kind === 'rename') {
        await this.#renameBack(change, changes);
        return this.#changed([], done);
      }
      const { paths, excluded } = change;
      await this.#exclude(paths, !excluded, changes);
      const { images } = await this.#known();
      return this.#changed(
        paths.filter((path) => images.has(path)),
        done,
      );
    });
  }

  /**
   * A list of the excluded images for `data.exclude`, which no later change touches, so that a stopped run can be resumed.
   *
   * @returns its path; undefined if nothing is excluded.
   */
  excludeList(): Promise<string | undefined> {
    return this.#turns.run(async () => {
      const { images } = await this.#read();
      const paths = [...images.values()].filter(({ excluded }) => excluded).map(({ path }) => path);
      if (paths.length === 0) return undefined;
      const content = excludeListOf(paths);
      const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
      const file = join(this.#folder, `excluded-${hash}.csv`);
      await publishFile(file, content);
      return file;
    });
  }

  /** Removes its record, after the changes that were requested before. */
  forget(): Promise<void> {
    return this.#turns.run(async () => {
      // What cannot be reverted need not keep the data set here.
      await this.#revertUnfinished().catch(() => {});
      this.#isForgotten = true;
      await removeRecord(this.#folder);
    });
  }

  async #read(): Promise<Listing> {
    await this.#revertUnfinished();
    const { root, layout, excluded } = this.#record;
    this.#listing = await readListing(root, layout, new Set(excluded));
    return this.#listing;
  }

  async #known(): Promise<Listing> {
    return this.#listing ?? this.#read();
  }

  /** Reads the folder again if it does not have an image of the request, which another program may have added. */
  async #listingOf(paths: readonly string[]): Promise<Listing> {
    const known = await this.#known();
    return paths.every((path) => known.images.has(path)) ? known : this.#read();
  }

  #describe({ layout, classes, images, problem }: Listing): DataSet {
    const summaries = classes.map((name) => ({ name, imageCount: 0, excludedCount: 0 }));
    const byName = new Map(summaries.map((one) => [one.name, one]));
    for (const image of images.values()) {
      const own = byName.get(image.class)!;
      own.imageCount += 1;
      if (image.excluded) own.excludedCount += 1;
    }
    const last = this.#record.changes.at(-1);
    return {
      ...this.summary,
      ...{ layout, problem, classes: summaries, imageCount: images.size },
      excludedCount: summaries.reduce((sum, { excludedCount }) => sum + excludedCount, 0),
      undo: last === undefined ? null : describeChange(last),
    };
  }

  async #changed(paths: readonly string[], done: string): Promise<Changed> {
    const listing = await this.#known();
    return { dataSet: this.#describe(listing), images: paths.map((path) => shownImage(required(listing, path))), done };
  }

  async #write(changed: Partial<DataSetRecord>): Promise<void> {
    if (this.#isForgotten) throw conflict('The data set has been removed from the studio.');
    const record = { ...this.#record, ...changed };
    record.changes = keptChanges(record.changes);
    await writeRecord(this.#folder, record);
    this.#record = record;
    this.#revision += 1;
  }

  async #exclude(paths: readonly string[], excluded: boolean, changes: Change[]): Promise<void> {
    await this.#write({ excluded: withPaths(this.#record.excluded, paths, excluded), changes });
    const { images } = await this.#known();
    for (const path of paths) {
      const image = images.get(path);
      if (image !== undefined) image.excluded = excluded;
    }
  }

  /**
   * Moves files, all or none of them, also if the studio is killed meanwhile.
   *
   * @param changesAfter the changes that can be undone then.
   * @returns the moves; empty if there is nothing to move.
   */
  async #move(files: readonly FileToMove[], changesAfter: (moves: Move[]) => Change[]): Promise<Move[]> {
    const moves = await this.#files.plan(files);
    if (moves.length === 0) return [];
    return this.#allOrNone({ moving: moves }, async () => {
      await this.#files.move(moves);
      const excluded = withMovedFiles(this.#record.excluded, moves);
      await this.#write({ moving: [], excluded, changes: changesAfter(moves) });
      return moves;
    });
  }

  /** Renames folders, all or none of them, also if the studio is killed meanwhile. */
  #rename(before: Listing, folders: Move[], changes: Change[]): Promise<void> {
    return this.#allOrNone({ renaming: folders }, async () => {
      await this.#files.rename(folders);
      const { root, layout } = this.#record;
      const excluded = withRenamedFolders(this.#record.excluded, folders);
      const after = await readListing(root, layout, new Set(excluded));
      const isAmbiguous = after.problem !== null && before.problem === null;
      if (after.layout !== before.layout || after.classes.length !== before.classes.length || isAmbiguous)
        throw takenForSplit(basename(folders[0]!.to));
      await this.#write({ renaming: [], excluded, changes });
      this.#listing = after;
    });
  }

  /** Makes a change of the disk that is reverted if it fails, or if the studio is killed before the change records its end. */
  async #allOrNone<Result>(begun: Partial<DataSetRecord>, change: () => Promise<Result>): Promise<Result> {
    await this.#write(begun);
    // The next use reads the folder again.
    this.#listing = undefined;
    try {
      return await change();
    } catch (error) {
      // If this fails, too, the next request tries again.
      await this.#revertUnfinished().catch(() => {});
      throw error;
    }
  }

  /** Does nothing to folders that have been removed since. */
  async #renameBack({ folders }: Renaming, changes: Change[]): Promise<void> {
    const listing = await this.#read();
    const back: Move[] = [];
    for (const { from, to } of folders) if (await this.#files.hasFolder(to)) back.push({ from: to, to: from });
    if (back.length === 0) return this.#write({ changes });
    await this.#files.requireRenamable(back);
    await this.#rename(listing, back, changes);
  }

  async #revertUnfinished(): Promise<void> {
    const { moving, renaming } = this.#record;
    if (moving.length === 0 && renaming.length === 0) return;
    await this.#files.moveBack(moving);
    await this.#files.renameBack(renaming);
    // First in memory: a full disk need not keep the images from being shown.
    this.#record = { ...this.#record, moving: [], renaming: [] };
    await this.#write({});
  }

  /** @returns the paths of the images that are back; those that have been removed or moved since stay away. */
  async #moveBack({ moves }: Relabeling): Promise<string[]> {
    const { images } = await this.#known();
    const changes = this.#record.changes.slice(0, -1);
    const files: FileToMove[] = [];
    for (const { from, to } of moves) {
      if (!images.has(to) || !(await this.#files.hasFile(to))) continue;
      const folder = await this.#files.ensureFolder(this.#files.absolute(dirname(from)));
      files.push({ path: to, folder, name: basename(from) });
    }
    const back = await this.#move(files, () => changes);
    if (back.length === 0) await this.#write({ changes });
    return back.map(({ to }) => to);
  }
}

// --- internal ---

function required({ images }: Listing, path: string): ListedImage {
  const image = images.get(path);
  if (image === undefined)
    throw new RequestError(404, 'not_found', `The data set has no image ${JSON.stringify(path.slice(0, 200))}.`);
  return image;
}

function requireClass({ classes }: Listing, name: string): void {
  if (!classes.includes(name))
    throw badRequest(`Expected a class of the data set, received ${JSON.stringify(name.slice(0, 80))}.`);
}

/** @throws StudioError when a class looks like the new one. */
function requireNoTwin(classes: readonly string[], label: string): void {
  const twin = classes.find((one) => lookOf(one).toLowerCase() === lookOf(label).toLowerCase());
  if (twin !== undefined) throw conflict(`There is already a class "${twin}".`);
}

function takenForSplit(label: string): StudioError {
  return refused(
    `The folder of the class "${label}" would be taken for a split; to use this name, remove the data set from the studio, and open it again with the layout "classes".`,
  );
}

/** The split folders; null in a folder of classes. */
function splitsOf({ layout, splits }: Listing): (string | null)[] {
  return layout === 'classes' ? [null] : splits;
}

/** The split folder of an image; null in a folder of classes. */
function splitOf({ layout }: Listing, path: string): string | null {
  return layout === 'classes' ? null : path.split('/')[0]!;
}

/**
 * The split folder of the training images; null in a folder of classes.
 *
 * @throws StudioError when there are no training images.
 */
function trainingSplitOf(listing: Listing): string | null {
  if (listing.layout === 'classes') return null;
  const first = [...listing.images.values()].find(({ role }) => role === 'train');
  if (first === undefined) throw refused('The data set has no training images, whose folder the image would go to.');
  return splitOf(listing, first.path);
}
