/** The paths of images, relative to the data set's root, after changes. */
import type { Change } from './record.ts';
import type { Move } from './root-folder.ts';

/** The paths of a list with others, or without them; sorted. */
export function withPaths(all: readonly string[], paths: readonly string[], isAdded: boolean): string[] {
  const changed = new Set(paths);
  const others = all.filter((path) => !changed.has(path));
  return (isAdded ? [...others, ...paths] : others).toSorted();
}

/** @param paths of excluded images, of which one may have had a path that another image has now. */
export function withMovedFiles(paths: readonly string[], moves: readonly Move[]): string[] {
  const now = new Map(moves.map(({ from, to }) => [from, to]));
  const replaced = new Set(now.values());
  return paths
    .filter((path) => !replaced.has(path))
    .map((path) => now.get(path) ?? path)
    .toSorted();
}

/** @param paths of excluded images, of which one may have been in an earlier folder of the same name. */
export function withRenamedFolders(paths: readonly string[], folders: readonly Move[]): string[] {
  return paths
    .filter((path) => !folders.some(({ to }) => isIn(to, path)))
    .map((path) => inRenamedFolder(path, folders))
    .toSorted();
}

/** The paths of images after changes. */
export function pathsAfter(changes: readonly Change[], paths: readonly string[]): string[] {
  let now = [...paths];
  for (const change of changes) {
    if (change.kind === 'rename') now = now.map((path) => inRenamedFolder(path, change.folders));
    if (change.kind !== 'relabel') continue;
    const moved = new Map(change.moves.map(({ from, to }) => [from, to]));
    now = now.map((path) => moved.get(path) ?? path);
  }
  return now;
}

// --- internal ---

function inRenamedFolder(path: string, folders: readonly Move[]): string {
  const renamed = folders.find(({ from }) => isIn(from, path));
  return renamed === undefined ? path : `${renamed.to}${path.slice(renamed.from.length)}`;
}

function isIn(folder: string, path: string): boolean {
  return path.startsWith(`${folder}/`);
}
