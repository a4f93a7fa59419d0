/** What becomes of pictures that a data set has more than once. */
import type { ImageFile, ImageFolder } from './image-folder.ts';
import type { PictureGroup } from './picture-groups.ts';

/** How copies of one picture are handled: only reported, kept on one side of every cut, or left out but for one. */
export const duplicatePolicies = ['report', 'group', 'drop'] as const;
export type DuplicatePolicy = (typeof duplicatePolicies)[number];

/** One picture that a data set has more than once. */
export interface DuplicateGroup {
  /** `exact`: files of equal bytes; `near`: the same picture encoded anew or resized. */
  kind: 'exact' | 'near';
  /** Relative to the data folder, sorted. */
  paths: string[];
  /** Names of the classes that it lies in, sorted; with more than one, at least one label is wrong. */
  labels: string[];
  /** Names of the sets that use it, such as fit and test. With more than one, it is tested on what was learned from it. */
  splits: string[];
  /** `reported`: nothing was done, or a split folder of the user's has a copy and stays as it is. */
  action: 'reported' | 'grouped' | 'dropped';
  /** The copies that were left out, sorted. */
  leftOut: string[];
}

/**
 * Which copies the policy `drop` leaves out.
 *
 * A test folder stays whole. Of the other copies of a picture the first one by path is kept, out of a tune folder before the
 * training images, unless a copy lies in the test folder. If the copies have several labels, none of them is to be trusted: all of
 * them outside a test folder are left out.
 */
export function copiesToDrop(
  images: readonly Pick<ImageFile, 'label' | 'role'>[],
  groups: readonly PictureGroup[],
): Set<number> {
  const dropped = new Set<number>();
  for (const { members } of groups) {
    const tested = members.filter((index) => images[index]!.role === 'test');
    const watched = members.filter((index) => images[index]!.role === 'tune');
    const isContradiction = labelsIn(images, members).length > 1;
    const kept = isContradiction || tested.length > 0 ? tested : [watched[0] ?? members[0]!];
    for (const index of members) if (!kept.includes(index)) dropped.add(index);
  }
  return dropped;
}

/**
 * Describes the groups for a report.
 *
 * @param sets by name, indices into the images; see `disjointSets`.
 * @param dropped images that were left out; see {@link copiesToDrop}.
 */
export function describeDuplicates(
  { images, classes }: Pick<ImageFolder, 'images' | 'classes'>,
  groups: readonly PictureGroup[],
  sets: ReadonlyMap<string, Uint32Array>,
  policy: DuplicatePolicy,
  dropped: ReadonlySet<number>,
): DuplicateGroup[] {
  const setOf = new Map([...sets].flatMap(([name, indices]) => [...indices].map((index) => [index, name] as const)));
  return groups.map(({ kind, members }): DuplicateGroup => {
    const used = new Set(members.map((index) => setOf.get(index)));
    const splits = [...sets.keys()].filter((name) => used.has(name));
    const leftOut = members.filter((index) => dropped.has(index));
    const isGrouped = policy === 'group' && splits.length < 2;
    return {
      kind,
      paths: members.map((index) => images[index]!.relativePath),
      labels: labelsIn(images, members).map((label) => classes[label]!),
      splits,
      action: leftOut.length > 0 ? 'dropped' : isGrouped ? 'grouped' : 'reported',
      leftOut: leftOut.map((index) => images[index]!.relativePath),
    };
  });
}

// --- internal ---

/** Ascending. */
function labelsIn(images: readonly Pick<ImageFile, 'label'>[], members: readonly number[]): number[] {
  return [...new Set(members.map((index) => images[index]!.label))].toSorted((a, b) => a - b);
}
