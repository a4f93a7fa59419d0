/** The paths of images, relative to the data set's root, after changes. */
import { normalizeName } from '@chorus/data';
import type { Listing } from './listing.ts';
import type { Change } from './record.ts';
import type { Move } from './root-folder.ts';

/** A class, or its folder, that has another name now. */
export type Renamed = Record<'from' | 'to', string>;

/** The paths of a list with others, or without them; sorted. */
export function withPaths(all: readonly string[], paths: readonly string[], isAdded: boolean): string[] {
  const changed = new Set(paths);
  const others = all.filter((path) => !changed.has(path));
  return (isAdded ? [...others, ...paths] : others).toSorted();
}

/** @param paths of excluded images, of which one may have had a path that another image has now. */
export function renamed(paths: readonly string[], moves: readonly Move[]): string[] {
  const now = new Map(moves.map(({ from, to }) => [from, to]));
  const replaced = new Set(now.values());
  return paths
    .filter((path) => !replaced.has(path))
    .map((path) => now.get(path) ?? path)
    .toSorted();
}

/** @param paths of excluded images, of which one may have been in an earlier class of the new name. */
export function withRenamedClass(paths: readonly string[], listing: Listing, { from, to }: Renamed): string[] {
  return paths
    .filter((path) => classOf(listing, path) !== to)
    .map((path) => inRenamedClass(listing, path, { from, to }))
    .toSorted();
}

/** The paths of images after changes. */
export function pathsAfter(listing: Listing, changes: readonly Change[], paths: readonly string[]): string[] {
  let now = [...paths];
  for (const change of changes) {
    if (change.kind === 'rename') now = now.map((path) => inRenamedClass(listing, path, change));
    if (change.kind !== 'relabel') continue;
    const moved = new Map(change.moves.map(({ from, to }) => [from, to]));
    now = now.map((path) => moved.get(path) ?? path);
  }
  return now;
}

// --- internal ---

function inRenamedClass(listing: Listing, path: string, { from, to }: Renamed): string {
  if (classOf(listing, path) !== from) return path;
  const parts = path.split('/');
  parts[classPart(listing)] = to;
  return parts.join('/');
}

/** The class in whose folder a path is. */
function classOf(listing: Listing, path: string): string {
  return normalizeName(path.split('/')[classPart(listing)] ?? '');
}

/** Which part of a path is the folder of the class. */
function classPart({ layout }: Listing): number {
  return layout === 'classes' ? 0 : 1;
}
