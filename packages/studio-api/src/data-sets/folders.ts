/** Lists folders of this machine, for choosing a data set. */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { hasImageEnding, isHiddenEntry } from '@chorus/data';
import { badRequest } from '@chorus/server/http';
import { systemErrorText } from '@chorus/storage';
import { refused } from '../errors.ts';
import { type FolderListing, maxFolders } from '../protocol/workspace.ts';
import { isFolder } from './is-folder.ts';

/**
 * Lists a folder.
 *
 * @param path absolute, or relative to the workspace.
 * @throws StudioError when it cannot be read.
 */
export async function listFolder(workspace: string, path: string): Promise<FolderListing> {
  if (path.includes('\0')) throw badRequest('Expected a path without NUL characters.');
  const folder = resolve(workspace, path);
  const { names, imageCount } = await readFolder(folder).catch((error: unknown) => {
    throw refused(`Cannot list ${folder}: ${systemErrorText(error)}.`, { cause: error });
  });
  return {
    path: folder,
    parent: dirname(folder) === folder ? null : dirname(folder),
    places: [workspace, homedir()].map((place) => ({ name: basename(place) || place, path: place })),
    folders: names.slice(0, maxFolders).map((name) => ({ name, path: join(folder, name) })),
    more: names.length > maxFolders,
    classes: await classesIn(folder, names.slice(0, maxClasses)),
    imageCount,
  };
}

// --- internal ---

/** Subfolders that are looked into: a guess must not take long. */
const maxClasses = 100;

async function readFolder(folder: string): Promise<{ names: string[]; imageCount: number }> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isHiddenEntry(name));
  const names: string[] = [];
  for (const entry of entries)
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(folder, entry.name)))))
      names.push(entry.name);
  return {
    names: names.toSorted(),
    imageCount: entries.filter((entry) => entry.isFile() && hasImageEnding(entry.name)).length,
  };
}

/** Subfolders with images, or those of split folders; empty unless there are at least two. */
async function classesIn(folder: string, names: readonly string[], isSplit = false): Promise<string[]> {
  const inner = await Promise.all(
    names.map(async (name) => {
      const found = await readFolder(join(folder, name)).catch(() => ({ names: [], imageCount: 0 }));
      return { name, ...found };
    }),
  );
  const own = inner.filter(({ imageCount }) => imageCount > 0).map(({ name }) => name);
  if (own.length >= 2 || isSplit) return own.length >= 2 ? own : [];
  const splits = inner.filter(({ name }) => /^(train|val|valid|test)/i.test(name));
  const classes = await Promise.all(
    splits.map((split) => classesIn(join(folder, split.name), split.names.slice(0, maxClasses), true)),
  );
  return [...new Set(classes.flat())].toSorted();
}
