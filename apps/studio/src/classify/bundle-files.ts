/** The bundle in a folder that was chosen or dropped. */

/** A bundle among files. */
export interface FoundBundle {
  /** Path of the bundle's folder; empty for the files themselves. */
  folder: string;
  /** By their path in the bundle. */
  files: ReadonlyMap<string, Blob>;
}

/**
 * Finds the bundle among files: a folder with `bundle.json` and `SHA256SUMS`. Of several, it prefers one that is called `bundle`,
 * as in the folder of a run, then the one nearest to the top.
 *
 * @param files by their path, with `/` between folders.
 */
export function bundleAmong(files: ReadonlyMap<string, Blob>): FoundBundle | undefined {
  const depth = (folder: string) => folder.split('/').length;
  const isPreferred = (folder: string) => folder === 'bundle/' || folder.endsWith('/bundle/');
  const [folder] = [...files.keys()]
    .filter((path) => path === 'bundle.json' || path.endsWith('/bundle.json'))
    .map((path) => path.slice(0, -'bundle.json'.length))
    .filter((one) => files.has(`${one}SHA256SUMS`))
    .toSorted((a, b) => Number(isPreferred(b)) - Number(isPreferred(a)) || depth(a) - depth(b) || (a < b ? -1 : 1));
  if (folder === undefined) return undefined;
  const inside = [...files].filter(([path]) => path.startsWith(folder));
  return {
    folder: folder.slice(0, -1),
    files: new Map(inside.map(([path, file]) => [path.slice(folder.length), file])),
  };
}
