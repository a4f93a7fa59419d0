/** One level of folders above the images: the data folder itself or a split folder. */

import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TooManyOpenFilesError } from '@chorus/storage';
import { systemErrorText } from '@chorus/storage/system-error';
import { displayName, normalizeName } from './display-name.ts';
import { DataError } from './errors.ts';
import { contentOf, describeKind, hasImageEnding } from './file-kind.ts';
import { isHiddenEntry } from './hidden-entry.ts';
import { type LinkRules, namesIn, resolveLink, type SkippedEntry } from './image-walk.ts';

export interface LevelFolder {
  /** Name in the file system. */
  name: string;
  /** The name in NFC, used for comparing. */
  label: string;
}

export interface FolderLevel {
  /** Folders and followed links to folders; sorted by label. */
  folders: LevelFolder[];
  /** Links that may lead to a folder and are not followed. */
  lost: (LevelFolder & SkippedEntry)[];
  /** All other unused entries. */
  skipped: SkippedEntry[];
  hidden: string[];
}

/**
 * Lists a level; opens only files without an image extension.
 *
 * @param place `relativePath` is empty or ends in `/`.
 * @throws DataError when it cannot be read, or contains a folder whose name is not valid UTF-8.
 */
export async function readLevel(place: { path: string; relativePath: string }, links: LinkRules): Promise<FolderLevel> {
  const level: FolderLevel = { folders: [], lost: [], skipped: [], hidden: [] };
  for (const { name, bytes, isExact } of await namesIn(place.path).catch(unreadable(place.path))) {
    const entry = { path: join(place.path, name), relativePath: place.relativePath + name };
    const skip = (kind: SkippedEntry['kind'], reason: string) =>
      level.skipped.push({ path: entry.relativePath, reason, kind });
    if (isHiddenEntry(name)) {
      level.hidden.push(entry.relativePath);
      continue;
    }
    const exactPath = isExact ? entry.path : Buffer.concat([Buffer.from(join(place.path, '/')), bytes]);
    const stats = await lstat(exactPath).catch(unreadable(entry.path));
    if (!isExact) {
      // The folder may be a class, which training would silently omit.
      if (stats.isDirectory() || stats.isSymbolicLink())
        throw new DataError(
          `The folder name "${displayName(name)}" in ${displayName(place.path)} is not valid UTF-8; rename it.`,
        );
      skip(hasImageEnding(name) ? 'misplaced' : 'file', 'its name is not valid UTF-8; rename it');
    } else if (stats.isDirectory()) level.folders.push({ name, label: normalizeName(name) });
    else if (stats.isSymbolicLink()) await readLink(name, entry, links, level);
    else if (stats.isFile()) level.skipped.push(await looseFile(entry));
    else skip('file', describeKind(stats));
  }
  return level;
}

export function unreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error instanceof TooManyOpenFilesError) throw error;
    throw new DataError(
      `Cannot read the folder of images ${displayName(path)}: ${displayName(systemErrorText(error))}.`,
    );
  };
}

// --- internal ---

/** An extension such as `.csv` or `.mp4`; `v1.2` and `st.bernard` have none. */
const fileEnding = /\.(?=[0-9]*[a-z])[a-z0-9]{1,5}$/i;

interface Entry {
  path: string;
  relativePath: string;
}

async function readLink(name: string, entry: Entry, links: LinkRules, level: FolderLevel): Promise<void> {
  const folder = { name, label: normalizeName(name) };
  const target = await resolveLink(entry.path, links);
  const stats = await stat(entry.path).catch(() => null);
  if (!('reason' in target)) {
    if (stats?.isDirectory()) level.folders.push(folder);
    else if (stats?.isFile()) level.skipped.push(await looseFile(entry));
    else
      level.skipped.push({
        path: entry.relativePath,
        reason: stats === null ? 'cannot be read' : describeKind(stats),
        kind: 'file',
      });
    return;
  }
  const skipped: SkippedEntry = { path: entry.relativePath, reason: target.reason, kind: target.kind };
  // The target of a broken or forbidden link is unknown: it may be a class unless its name has a file extension.
  const mayBeFolder = stats === null ? !fileEnding.test(name) : stats.isDirectory();
  const leadsBack = stats !== null && target.kind === 'link';
  if (mayBeFolder && !leadsBack) level.lost.push({ ...folder, ...skipped });
  else level.skipped.push(skipped);
}

async function looseFile({ path, relativePath }: Entry): Promise<SkippedEntry> {
  const misplaced: SkippedEntry = {
    path: relativePath,
    reason: 'an image outside the class folders',
    kind: 'misplaced',
  };
  if (hasImageEnding(relativePath)) return misplaced;
  const content = await contentOf(path);
  return content.isAccepted || content.isImage
    ? misplaced
    : { path: relativePath, reason: content.reason, kind: 'file' };
}
