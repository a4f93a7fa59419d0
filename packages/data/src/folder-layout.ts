/** Detects whether a data folder contains split folders or class folders; if it could be either, the user must choose. */
import { join } from 'node:path';
import { displayName } from './display-name.ts';
import { DataError, layoutError } from './errors.ts';
import type { FolderLevel, LevelFolder } from './folder-level.ts';
import { likelySplitRoleOf, type SplitRole, splitRoleOf, splitRoles } from './split-folders.ts';

/** `splits` is `<split>/<class>/**`, `classes` is `<class>/**`; `auto` decides by name and rejects ambiguous folders. */
export const folderLayouts = ['auto', 'classes', 'splits'] as const;
export type FolderLayout = (typeof folderLayouts)[number];

export interface SplitFolder extends LevelFolder {
  role: SplitRole;
}

/**
 * Finds the split folders of a data folder, in the order of their roles; empty for a folder of classes. A validation set next
 * to a test set is the tune set; without a test set it is the test set.
 *
 * @throws DataError when the training set is missing or two folders are the same set.
 */
export function findSplitFolders(root: string, top: FolderLevel, layout: FolderLayout): SplitFolder[] {
  if (layout === 'classes') return [];
  const roleOf = (name: string) => splitRoleOf(name) ?? (layout === 'splits' ? likelySplitRoleOf(name) : null);
  const named = top.folders.flatMap((folder): SplitFolder[] => {
    const role = roleOf(folder.name);
    return role === null ? [] : [{ ...folder, role }];
  });
  const shownRoot = displayName(root);
  for (const lost of top.lost) if (named.length > 0 && roleOf(lost.name) !== null) refuseLostLink(root, lost, 'split');
  if (named.length === 0) {
    if (layout === 'splits')
      throw new DataError(
        `Expected split folders in ${shownRoot} (train with validation or test, as the layout "splits" requires), received ${quoted(top.folders)}.`,
      );
    return [];
  }
  for (const role of splitRoles) {
    const same = named.filter((one) => one.role === role);
    if (same.length > 1)
      throw layoutError(
        `Expected one ${setNames[role]} folder in ${shownRoot}, received ${quoted(same)}; merge them${layout === 'auto' ? ', or if they are classes set data.layout to "classes"' : ''}.`,
      );
  }
  const others = top.folders.filter(({ name }) => roleOf(name) === null);
  if (!named.some(({ role }) => role === 'train')) {
    if (layout === 'auto' && others.length > 0) refuseAmbiguous(root, named, others);
    throw layoutError(
      `Expected a train folder next to ${named.map(({ label }) => displayName(label)).join(' and ')} in ${shownRoot}, received none${layout === 'auto' ? '; if these are classes, set data.layout to "classes"' : ''}.`,
    );
  }
  const hasTest = named.some(({ role }) => role === 'test');
  return splitRoles.flatMap((role) =>
    named
      .filter((one) => one.role === role)
      .map((one) => ({ ...one, role: role === 'tune' && !hasTest ? ('test' as const) : role })),
  );
}

/** Rejects an ambiguous folder with both interpretations and the options that select one. */
export function refuseAmbiguous(
  root: string,
  splits: readonly LevelFolder[],
  others: readonly LevelFolder[],
  because = '',
): never {
  const all = [...splits, ...others].toSorted((a, b) => (a.label < b.label ? -1 : 1));
  const left = others.length === 0 ? '' : `, and ${quoted(others)} left unused`;
  throw layoutError(
    `${displayName(root)} can be read in two ways${because}: as split folders (${quoted(splits)}${left}), or as the classes ${quoted(all)}. Choose one: set data.layout to "splits" or "classes".`,
  );
}

/** Rejects an unfollowed link in place of a class (or split) folder, which training would silently omit. */
export function refuseLostLink(
  root: string,
  lost: FolderLevel['lost'][number],
  what: 'class' | 'split' = 'class',
): never {
  const fix =
    lost.kind === 'outside'
      ? 'follow it with --follow-links (data.followLinks), or replace it with the folder itself'
      : 'repair or remove it';
  throw new DataError(
    `Expected a ${what} folder at ${displayName(join(root, lost.path))}, received a ${lost.reason.replace(/^a /, '')}; ${fix}.`,
  );
}

export function quoted(folders: readonly LevelFolder[]): string {
  return folders.length === 0 ? 'no folder' : folders.map(({ label }) => `"${displayName(label)}"`).join(', ');
}

// --- internal ---

const setNames: Readonly<Record<SplitRole, string>> = { train: 'training', tune: 'validation', test: 'test' };
