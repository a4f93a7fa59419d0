/** Finds the images that `data.exclude` lists. */
import { basename } from 'node:path';
import { displayName, type ImageFolder, normalizeName, type SkippedEntry } from '@chorus/data';
import { distance } from 'fastest-levenshtein';
import { ConfigError } from '../errors.ts';
import { type ExcludedPath, readExcludeList } from '../experiment/exclude-list.ts';

/** The parts of a scanned folder that listed paths are compared with. */
export type ListedFolder = Pick<ImageFolder, 'root' | 'pathsBeyondLimit'> & {
  images: readonly { relativePath: string }[];
  skipped: readonly Pick<SkippedEntry, 'path' | 'reason'>[];
};

/** Images that a run leaves out, by index, and their entries for the report. */
export interface ExcludedImages {
  indices: ReadonlySet<number>;
  entries: SkippedEntry[];
}

export const nothingExcluded: ExcludedImages = { indices: new Set(), entries: [] };

/**
 * Reads a list and finds its images. A path beyond `data.limitPerClass` is accepted, and excludes nothing.
 *
 * @param file the list; see {@link readExcludeList}.
 * @throws ConfigError as {@link readExcludeList}, and for paths that match no image, each with its line and the nearest match.
 */
export async function findExcludedImages(file: string, folder: ListedFolder): Promise<ExcludedImages> {
  const indices = matchPaths(file, await readExcludeList(file), folder);
  const reason = `listed in ${basename(file)} (data.exclude)`;
  const entries = [...indices]
    .toSorted((a, b) => a - b)
    .map((index): SkippedEntry => ({ path: folder.images[index]!.relativePath, reason, kind: 'excluded' }));
  return { indices, entries };
}

// --- internal ---

const shownMistakes = 5;

function matchPaths(file: string, listed: readonly ExcludedPath[], folder: ListedFolder): Set<number> {
  const paths = folder.images.map(({ relativePath }) => relativePath);
  const exact = new Map(paths.map((path, index) => [path, [index]]));
  // Another system may encode the same name with other code points.
  const normalized = new Map<string, number[]>();
  for (const [index, path] of paths.entries()) {
    const same = normalized.get(normalizeName(path));
    if (same === undefined) normalized.set(normalizeName(path), [index]);
    else same.push(index);
  }
  const beyondLimit = new Set(folder.pathsBeyondLimit.map(normalizeName));
  const found = new Set<number>();
  const mistakes: ExcludedPath[] = [];
  for (const one of listed) {
    const path = one.path.replace(/^(\.\/)+/, '');
    const name = normalizeName(path);
    const matches = exact.get(path) ?? normalized.get(name);
    if (matches !== undefined) for (const index of matches) found.add(index);
    else if (!beyondLimit.has(name)) mistakes.push({ path, line: one.line });
  }
  if (mistakes.length > 0) {
    const all = [...paths, ...folder.pathsBeyondLimit];
    const shown = mistakes.slice(0, shownMistakes).map((one) => describeMistake(one, all, folder));
    const rest = mistakes.length - shown.length;
    throw new ConfigError(
      `Expected images of ${displayName(folder.root)} in the list of images to exclude, ${file}; received ${mistakes.length === 1 ? 'a path' : `${mistakes.length} paths`} that no image has:`,
      [...shown, ...(rest === 0 ? [] : [`and ${rest} more`])],
    );
  }
  return found;
}

function describeMistake({ path, line }: ExcludedPath, paths: readonly string[], { skipped }: ListedFolder): string {
  return `line ${line}: "${displayName(path)}"${hint(normalizeName(path), paths, skipped)}`;
}

function hint(name: string, paths: readonly string[], skipped: ListedFolder['skipped']): string {
  const entry = skipped.find((one) => normalizeName(one.path) === name);
  if (entry !== undefined) return ` is not used in any case: ${displayName(entry.reason)}`;
  if (paths.some((path) => normalizeName(path).startsWith(`${name.replace(/\/$/, '')}/`)))
    return ' is a folder; list its images';
  return `; did you mean "${displayName(nearest(name, paths))}"?`;
}

/** The path that ends with the name or that the name ends with, for a folder too few or too many; else the most similar one. */
function nearest(name: string, paths: readonly string[]): string {
  const partial = paths.find((path) => path.endsWith(`/${name}`) || name.endsWith(`/${path}`));
  if (partial !== undefined) return partial;
  let best = paths[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const path of paths) {
    const changes = distance(normalizeName(path), name);
    if (changes >= least) continue;
    best = path;
    least = changes;
  }
  return best;
}
