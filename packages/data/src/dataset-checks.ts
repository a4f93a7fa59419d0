/** Checks on a data set, for all listed images before decoding and for the usable images after it. */
import { displayName } from './display-name.ts';
import { DataError } from './errors.ts';
import type { ImageFile } from './image-folder.ts';
import type { SkippedEntry, SkippedImage } from './image-walk.ts';
import type { ImageSplit } from './split.ts';

export interface DatasetFacts {
  root: string;
  classes: readonly string[];
  /** All listed images. */
  images: readonly Pick<ImageFile, 'relativePath' | 'label'>[];
  /** The split of all listed images; empty sets are not checked. */
  split: ImageSplit;
  /** Entries that were not listed. */
  skipped: readonly SkippedEntry[];
  /** Images that could not be decoded; empty before decoding. */
  bad: readonly SkippedImage[];
  /** Images that the user left out, with the reason; none of them is usable. */
  excluded?: readonly SkippedImage[];
  /** Whether an image is usable, by index; before decoding, every image that is not excluded. */
  isUsable(index: number): boolean;
}

/** A larger share of unusable images is an error. */
export const maxBadShare = 0.05;

/**
 * Checks that a data set has at least two classes, that each class has a usable image in every set of the split, and that at
 * most 5 % of the entries with an image's name or content are unusable.
 *
 * @throws DataError naming the class or the files.
 */
export function checkDataset(facts: DatasetFacts): void {
  const { root, classes, images, isUsable } = facts;
  const shownRoot = displayName(root);
  if (classes.length < 2)
    throw new DataError(`Expected at least two classes in ${shownRoot}, received ${classes.length}.`);
  const bad = badImages(facts);
  const usable = countByClass(facts, images.keys(), isUsable);
  for (const [label, count] of usable.entries())
    if (count === 0) {
      const name = displayName(classes[label]!);
      const reasons = badOfClass(facts, images.keys(), label);
      throw new DataError(
        `Expected images of class "${name}" in ${shownRoot}, received none${because(reasons)}; ${remedyFor(facts, reasons)} or add images of this class.`,
      );
    }
  const claimed = images.length - (facts.excluded ?? []).length + facts.skipped.filter(isBadImage).length;
  if (bad.length > maxBadShare * claimed)
    throw new DataError(
      `${bad.length} of ${claimed} images in ${shownRoot} cannot be used, more than ${100 * maxBadShare} %: ${bad
        .slice(0, 5)
        .map(({ path, reason }) => `${displayName(path)} (${reason})`)
        .join('; ')}${bad.length > 5 ? '; …' : ''}.`,
    );
  for (const { set, indices } of wantedSets(facts.split))
    for (const [label, count] of countByClass(facts, indices, isUsable).entries())
      if (count === 0) {
        const name = displayName(classes[label]!);
        const reasons = badOfClass(facts, indices, label);
        throw new DataError(
          `Expected a usable image of class "${name}" in the ${set} set of ${shownRoot}, received none${because(reasons)}; ${remedyFor(facts, reasons)} or add images of this class.`,
        );
      }
}

/** Whether an entry has the name or the content of an image but is unusable. */
export function isBadImage({ kind }: Pick<SkippedEntry, 'kind'>): boolean {
  return kind === 'image';
}

// --- internal ---

function badImages({ skipped, bad }: DatasetFacts): SkippedImage[] {
  return [...bad, ...skipped.filter(isBadImage)];
}

/** The non-empty sets. The folds' held-out images form one set, on which the stackers train. */
function wantedSets({ test, folds }: ImageSplit): { set: string; indices: Uint32Array }[] {
  const outOfFold = folds.flatMap((fold) => [...fold.outOfFold]);
  const sets = [
    ...folds.map(({ fit }) => ({ set: 'fit', indices: fit })),
    ...folds.map(({ tune }) => ({ set: 'tune', indices: tune })),
    { set: 'stack', indices: Uint32Array.from(outOfFold) },
    { set: 'test', indices: test },
  ];
  return sets.filter(({ indices }) => indices.length > 0);
}

function countByClass(
  { classes, images }: DatasetFacts,
  indices: Iterable<number>,
  isUsable: (index: number) => boolean,
): number[] {
  const counts = new Array<number>(classes.length).fill(0);
  for (const index of indices) if (isUsable(index)) counts[images[index]!.label]! += 1;
  return counts;
}

function badOfClass(
  { images, bad, excluded = [] }: DatasetFacts,
  indices: Iterable<number>,
  label: number,
): SkippedImage[] {
  const paths = new Set<string>();
  for (const index of indices) if (images[index]!.label === label) paths.add(images[index]!.relativePath);
  return [...bad, ...excluded].filter(({ path }) => paths.has(path));
}

/** What can be done about the images of a class without any usable one. */
function remedyFor({ excluded = [] }: DatasetFacts, reasons: readonly SkippedImage[]): string {
  const excludedCount = reasons.filter((one) => excluded.includes(one)).length;
  if (excludedCount === 0) return 'replace the bad files';
  return excludedCount === reasons.length ? 'exclude fewer images' : 'exclude fewer images, replace the bad files';
}

function because(reasons: readonly SkippedImage[]): string {
  if (reasons.length === 0) return '';
  const { path, reason } = reasons[0]!;
  return ` (${displayName(path)}: ${reason}${reasons.length > 1 ? `; and ${reasons.length - 1} more` : ''})`;
}
