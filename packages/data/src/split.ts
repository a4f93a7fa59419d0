/**
 * Which image is for what: drawn from a seed, spread evenly over the classes.
 *
 * The test images are set aside first. The others make one or more parts: what one training of a member learns from
 * (`fit`), is watched on (`tune`) and answers without having seen it (`heldOut`: what the stackers learn from).
 */
import { compareNames, displayName } from './display-name.ts';
import { DataError } from './errors.ts';
import { stratifiedFolds } from './folds.ts';
import type { ImageFolder } from './image-folder.ts';
import { randomFor, seedFor, shuffle } from './shuffle.ts';

/** Where the stackers' images come from. */
export type StackingImages =
  /** A share of the images is held out from every member. */
  | { kind: 'holdout'; fraction: number }
  /**
   * Every image is held out once: one training per fold, which answers on its fold. `refit` adds a training on all
   * images, which is what predicts later; `average` leaves that to the fold's models together.
   */
  | { kind: 'kfold'; folds: number; members: 'refit' | 'average' }
  /** A flaw, kept to reproduce others' results: the members' own training images. */
  | { kind: 'training-images' };

/** What decides a split, beside the images and their classes. */
export interface SplitPlan {
  seed: number;
  /** Share for early stopping, of what a training has; `test` watches the test images (a flaw). */
  tune: number | 'test';
  /** Share of all images to test on; unused where a `validation` or `test` folder is the test set. */
  test: number;
  stacking: StackingImages;
  /** Leaves out test images, drawn at random, until their number is a multiple of this (a flaw); 1 keeps all. */
  testMultipleOf: number;
}

/** Names of the parts that a way of stacking makes, in their order. */
export function partNames(stacking: StackingImages): string[] {
  if (stacking.kind === 'holdout') return ['holdout'];
  if (stacking.kind === 'training-images') return ['all'];
  const folds = Array.from({ length: stacking.folds }, (_, index) => `fold-${index + 1}`);
  return stacking.members === 'refit' ? [...folds, 'all'] : folds;
}

/** One training of every member. Ascending indices into the images. */
export interface SplitPart {
  /** `holdout`, `fold-1` …, or `all` (no image is held out, or they are the training images themselves). */
  name: string;
  fit: Uint32Array;
  tune: Uint32Array;
  heldOut: Uint32Array;
}

export interface ImageSplit {
  /** Ascending. */
  test: Uint32Array;
  /** In the order of the folds, `all` last. */
  parts: SplitPart[];
}

/**
 * Draws the split. The same plan and names give the same split, whatever the order of the images.
 *
 * @throws DataError when a class has fewer images than the parts need: one in each.
 */
export function splitImages(folder: Pick<ImageFolder, 'images' | 'classes' | 'root'>, plan: SplitPlan): ImageSplit {
  const drawn = folder.classes.map((_, label) => drawClass(folder, label, plan));
  const test = wholeGroups(folder, ascending(drawn.flatMap((one) => one.test)), plan);
  const tune = (indices: number[]) => (plan.tune === 'test' ? test : ascending(indices));
  const fitOn = (name: string, sets: readonly LearningSet[], heldOut: Uint32Array | 'fit'): SplitPart => {
    const fit = ascending(sets.flatMap((one) => one.fit));
    return { name, fit, tune: tune(sets.flatMap((one) => one.tune)), heldOut: heldOut === 'fit' ? fit : heldOut };
  };
  const { stacking } = plan;
  switch (stacking.kind) {
    case 'holdout':
      return { test, parts: [fitOn('holdout', drawn, ascending(drawn.flatMap((one) => one.heldOut)))] };
    case 'training-images':
      return { test, parts: [fitOn('all', drawn, 'fit')] };
    case 'kfold': {
      const names = partNames(stacking);
      // From all images of a class in their drawn order: learning sets are cut anew for every fold.
      const pools = drawn.map(({ fit, tune: watched }) => [...watched, ...fit]);
      const folds = dealFolds(pools, stacking.folds, plan.seed).map((held, index) => {
        const others = pools.map((pool) =>
          cutTune(
            pool.filter((image) => !held.has(image)),
            plan.tune,
          ),
        );
        return fitOn(names[index]!, others, ascending([...held]));
      });
      const rest = names.slice(folds.length).map((name) => fitOn(name, drawn, new Uint32Array()));
      return { test, parts: [...folds, ...rest] };
    }
  }
}

/** Every image that some training learns from, is watched on or answers on. Ascending. */
export function trainingImages({ parts, test }: ImageSplit): Uint32Array {
  const tested = new Set(test);
  const all = new Set(parts.flatMap(({ fit, tune, heldOut }) => [...fit, ...tune, ...heldOut]));
  return ascending([...all].filter((image) => !tested.has(image)));
}

/** Leaves out what `keep` refuses, such as images that cannot be decoded; the others stay where they were drawn. */
export function filterSplit({ test, parts }: ImageSplit, keep: (index: number) => boolean): ImageSplit {
  return {
    test: test.filter(keep),
    parts: parts.map(({ name, fit, tune, heldOut }) => ({
      name,
      fit: fit.filter(keep),
      tune: tune.filter(keep),
      heldOut: heldOut.filter(keep),
    })),
  };
}

/** The images by what sets them apart, for reports: a partition, whatever flaws let parts overlap. */
export function disjointSets({ test, parts }: ImageSplit): Map<string, Uint32Array> {
  const folds = parts.filter(({ name }) => name.startsWith('fold-'));
  if (folds.length > 0) return new Map([...folds.map(({ name, heldOut }) => [name, heldOut] as const), ['test', test]]);
  const { name, fit, tune, heldOut } = parts[0]!;
  const tested = new Set(test);
  const sets = new Map([['fit', fit]]);
  if (!tune.some((image) => tested.has(image))) sets.set('tune', tune);
  if (name === 'holdout') sets.set('stack', heldOut);
  return sets.set('test', test);
}

// --- internal ---

interface LearningSet {
  fit: number[];
  tune: number[];
}

/** One class's images, each in one list. */
function drawClass(
  { images, classes, root }: Pick<ImageFolder, 'images' | 'classes' | 'root'>,
  label: number,
  plan: SplitPlan,
): LearningSet & { heldOut: number[]; test: number[] } {
  const hasTestFolder = images.some(({ role }) => role === 'test');
  const ofClass = [...images.entries()].filter(([, image]) => image.label === label);
  const given = ofClass.filter(([, { role }]) => role === 'test').map(([index]) => index);
  const drawn = ofClass
    .filter(([, { role }]) => role !== 'test')
    .toSorted(([, a], [, b]) => compareNames(a.relativePath, b.relativePath))
    .map(([index]) => index);
  const name = classes[label]!;
  shuffle(drawn, randomFor(plan.seed, `split ${name}`));

  const { stacking } = plan;
  const tuneShare = plan.tune === 'test' ? 0 : plan.tune;
  const heldOutShare = stacking.kind === 'holdout' ? stacking.fraction : 0;
  const testShare = hasTestFolder ? 0 : plan.test;
  const wanted = [tuneShare, heldOutShare, testShare];
  const needed = 1 + wanted.filter((share) => share > 0).length;
  if (drawn.length < needed)
    throw new DataError(
      `Expected at least ${needed} images of class "${displayName(name)}" to ${hasTestFolder ? 'train on' : 'train and test on'} in ${root}, received ${drawn.length}.`,
    );
  const total = drawn.length;
  const [tune, heldOut, test] = wanted.map((share) => drawn.splice(0, countOf(share, total))) as [
    number[],
    number[],
    number[],
  ];
  if (drawn.length === 0)
    throw new DataError(
      `No image of class "${displayName(name)}" is left to fit; lower split.tune, split.test or stacking.fraction.`,
    );
  // One image to learn from and one to watch beside a fold, of which the largest has n / k, rounded up.
  if (stacking.kind === 'kfold' && drawn.length + tune.length < stacking.folds + 2)
    throw new DataError(
      `Expected at least ${stacking.folds + 2} images of class "${displayName(name)}" to train on in ${stacking.folds} folds in ${root}, received ${drawn.length + tune.length}; lower stacking.folds.`,
    );
  return { fit: drawn, tune, heldOut, test: hasTestFolder ? given : test };
}

/** At least one, where any are wanted. */
function countOf(share: number, total: number): number {
  return share === 0 ? 0 : Math.max(1, Math.round(share * total));
}

function cutTune(pool: readonly number[], tune: SplitPlan['tune']): LearningSet {
  // Whatever the share, one is left to fit.
  const count = tune === 'test' ? 0 : Math.min(countOf(tune, pool.length), pool.length - 1);
  return { tune: pool.slice(0, count), fit: pool.slice(count) };
}

/** Every image in exactly one fold, the classes spread. */
function dealFolds(pools: readonly (readonly number[])[], foldCount: number, seed: number): Set<number>[] {
  const images = pools.flat();
  const labels = pools.flatMap((pool, label) => pool.map(() => label));
  return stratifiedFolds(labels, foldCount, seedFor(seed, 'folds')).map(
    (rows) => new Set(rows.map((row) => images[row]!)),
  );
}

function wholeGroups(
  { images, root }: Pick<ImageFolder, 'images' | 'root'>,
  test: Uint32Array,
  { testMultipleOf, seed }: SplitPlan,
): Uint32Array {
  const count = test.length - (test.length % testMultipleOf);
  if (count === test.length) return test;
  if (count === 0)
    throw new DataError(
      `Expected at least ${testMultipleOf} images to test on, a whole batch (flaws.wholeBatchesOnly), in ${root}, received ${test.length}; lower recipe.batchSize.`,
    );
  const byPath = [...test].toSorted((a, b) => compareNames(images[a]!.relativePath, images[b]!.relativePath));
  return ascending(shuffle(byPath, randomFor(seed, 'test groups')).slice(0, count));
}

function ascending(indices: readonly number[]): Uint32Array {
  return Uint32Array.from(indices).sort();
}
