import { sha256File } from '@chorus/storage';
import type { ImageFile } from './image-folder.ts';

/** One picture in two sets of the split: what was learnt from it is then tested on it. */
export interface DuplicateGroup {
  sha256: string;
  /** Relative to the data folder. */
  paths: string[];
  /** Names of the sets, such as fit and test. */
  splits: string[];
}

/**
 * Finds files of equal bytes that lie in different sets; only files of equal size are read.
 *
 * @param sets by name, indices into the images; see `disjointSets`.
 */
export async function findDuplicates(
  images: readonly ImageFile[],
  sets: ReadonlyMap<string, Uint32Array>,
): Promise<DuplicateGroup[]> {
  const members = [...sets].flatMap(([name, indices]) =>
    Array.from(indices, (index) => ({ image: images[index]!, name })),
  );
  const groups: DuplicateGroup[] = [];
  for (const sameSize of groupBy(members, ({ image }) => String(image.sizeBytes))) {
    if (sameSize.length === 1) continue;
    const hashed: { image: ImageFile; name: string; hash: string }[] = [];
    for (const member of sameSize) hashed.push({ ...member, hash: await sha256File(member.image.path) });
    for (const same of groupBy(hashed, ({ hash }) => hash)) {
      const splits = [...sets.keys()].filter((name) => same.some((one) => one.name === name));
      if (splits.length < 2) continue;
      groups.push({ sha256: same[0]!.hash, paths: same.map(({ image }) => image.relativePath).toSorted(), splits });
    }
  }
  return groups;
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}
