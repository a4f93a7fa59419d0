/** Subfolders of a class folder belong to the class, unless they look like another level of the data set. */
import { displayName, normalizeName } from './display-name.ts';
import { layoutError } from './errors.ts';
import { likelySplitRoleOf, splitRoleOf } from './split-folders.ts';

export interface ClassFiles {
  name: string;
  /** Path of the class folder, a prefix of the paths of its files. */
  folder: string;
  files: readonly { relativePath: string }[];
}

/**
 * Rejects class folders that look like splits, or that contain splits.
 *
 * @throws DataError naming both interpretations.
 */
export function refuseNestedSplits(root: string, classes: readonly ClassFiles[]): void {
  const nested = classes.map((one) => ({ ...one, ...subfoldersOf(one) })).filter(({ direct }) => direct === 0);
  const inner = nested.filter(({ name, folder }) => splitRoleOf(name) !== null && folder.includes('/'));
  if (inner.some(({ name }) => splitRoleOf(name) === 'train') && inner.length > 1) {
    const above = inner[0]!.folder.slice(0, inner[0]!.folder.lastIndexOf('/'));
    throw layoutError(
      `Expected class folders in ${displayName(`${root}/${above}`)}, received split folders (${list(inner.map(({ name }) => name))}); use that folder as the data folder or, if they are classes, set data.layout to "splits".`,
    );
  }
  const holder = nested.find(({ subfolders }) => {
    const roles = new Set(subfolders.map(splitRoleOf).filter((role) => role !== null));
    return roles.has('train') && roles.size > 1;
  });
  if (holder !== undefined)
    throw layoutError(
      `Expected <split>/<class> or <class> in ${displayName(root)}, received split folders (${list(holder.subfolders)}) in "${displayName(holder.name)}", so that all of its images would form one class. If they do, set data.layout to "classes"; otherwise, use "${displayName(holder.name)}" as the data folder or move its split folders up.`,
    );
  const likely = nested.filter(({ name }) => likelySplitRoleOf(name) !== null);
  const twin = likely.find(({ name, subfolders }) =>
    nested.some((other) => other.name !== name && other.subfolders.some((one) => subfolders.includes(one))),
  );
  if (twin !== undefined)
    throw layoutError(
      `${displayName(root)} can be read in two ways: as split folders (${list(likely.map(({ name }) => name))}), each with the classes ${list(twin.subfolders)}, or as the classes ${list(classes.map(({ name }) => name))}. Choose one: set data.layout to "splits" or "classes".`,
    );
}

/** Reports which classes have images in subfolders, and whether the subfolders may be the intended classes. */
export function nestedNotices(classes: readonly ClassFiles[]): string[] {
  const nested = classes
    .map((one) => ({ name: one.name, ...subfoldersOf(one) }))
    .filter(({ subfolders }) => subfolders.length > 0);
  if (nested.length === 0) return [];
  const shown = nested.slice(0, 3).map(({ name, subfolders }) => `"${displayName(name)}" (${list(subfolders)})`);
  const more = nested.length > 3 ? ` and ${nested.length - 3} more classes` : '';
  const alike =
    nested.length === classes.length &&
    nested.every(({ direct }) => direct === 0) &&
    nested[0]!.subfolders.length > 1 &&
    nested.every(({ subfolders }) => subfolders.join('/') === nested[0]!.subfolders.join('/'));
  const doubt = alike ? '; all have the same subfolders: if these are the classes, move them up one level' : '';
  return [`images in subfolders belong to the class above: ${shown.join(', ')}${more}${doubt}`];
}

// --- internal ---

function subfoldersOf({ folder, files }: ClassFiles): { direct: number; subfolders: string[] } {
  const subfolders = new Set<string>();
  let direct = 0;
  for (const { relativePath } of files) {
    const inside = relativePath.slice(folder.length + 1);
    const slash = inside.indexOf('/');
    if (slash === -1) direct += 1;
    else subfolders.add(normalizeName(inside.slice(0, slash)));
  }
  return { direct, subfolders: [...subfolders].toSorted() };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((name) => `"${displayName(name)}"`);
  return `${shown.join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;
}
