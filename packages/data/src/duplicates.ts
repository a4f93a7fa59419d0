/** Reports and drops duplicate pictures in a data set. */
import type { ImageFile, ImageFolder } from './image-folder.ts';
import type { PictureGroup } from './picture-groups.ts';

/** How copies of a picture are handled: only reported, kept in the same set, or dropped except for one. */
export const duplicatePolicies = ['report', 'group', 'drop'] as const;
export type DuplicatePolicy = (typeof duplicatePolicies)[number];

/** One picture that occurs more than once in a data set. */
export interface DuplicateGroup {
  /** `exact`: files of equal bytes; `near`: the same picture re-encoded or resized. */
  kind: 'exact' | 'near';
  /** Relative to the data folder, sorted. */
  paths: string[];
  /** Names of the classes that contain it, sorted; with more than one, at least one label is wrong. */
  labels: string[];
  /** Names of the sets that contain it, such as fit and test. With more than one, training data leaks into evaluation. */
  splits: string[];
  /** `reported`: no action, or a copy lies in one of the user's split folders, which are not changed. */
  action: 'reported' | 'grouped' | 'dropped';
  /** The dropped copies, sorted. */
  leftOut: string[];
}

/**
 * Selects the copies that the policy `drop` leaves out.
 *
 * A test folder stays complete. If no copy lies there, the first copy by path is kept, with those in a tune folder before
 * training images. If the copies have different labels, none can be trusted: all copies outside a test folder are left out.
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
 * @param sets image indices by set name; see `disjointSets`.
 * @param dropped indices of dropped images; see {@link copiesToDrop}.
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

/** Sorted in ascending order. */
function labelsIn(images: readonly Pick<ImageFile, 'label'>[], members: readonly number[]): number[] {
  return [...new Set(members.map((index) => images[index]!.label))].toSorted((a, b) => a - b);
}
