/**
 * Draws the sets of images from a seed, stratified by class.
 *
 * The test images are set aside first. The others form one or more folds. In each fold, a training run of a member fits `fit`,
 * monitors `tune`, and predicts `outOfFold`, images that it was not trained on, to train the stackers.
 */
import { displayName } from './display-name.ts';
import { DataError } from './errors.ts';
import { stratifiedFolds } from './folds.ts';
import type { ImageFile, ImageFolder } from './image-folder.ts';
import { pathOrder } from './path-order.ts';
import { randomFor, seedFor, shuffle } from './shuffle.ts';
import { type Fold, foldName, foldsOf, type StackingImages } from './training-fold.ts';

/** The settings of a split. */
export interface SplitPlan {
  seed: number;
  /**
   * Share of a fold's training images for early stopping; `test` monitors the test images (a flaw). Ignored if a split folder
   * provides the `tune` images.
   */
  tune: number | 'test';
  /** Share of all images for testing; ignored if a `validation` or `test` folder is the test set. */
  test: number;
  stacking: StackingImages;
  /** Randomly drops test images until their number is a multiple of this (a flaw); 1 keeps all. */
  testMultipleOf: number;
}

/** The images of one training run of every member. Ascending image indices. */
export interface FoldImages {
  fold: Fold;
  fit: Uint32Array;
  tune: Uint32Array;
  outOfFold: Uint32Array;
}

export interface ImageSplit {
  /** Ascending. */
  test: Uint32Array;
  /** In the order of {@link foldsOf}. */
  folds: FoldImages[];
}

/**
 * Draws the split. The same plan, names and groups give the same split, independent of the order of the images.
 *
 * Test and tune folders, where they exist, provide all their images as test and tune sets.
 *
 * @param groups Disjoint lists of indices of images that must stay together, such as copies of one picture. Images
 * of a group are always drawn into the same set, whatever their labels; split folders take precedence. Without groups, every
 * image is drawn independently.
 * @param leftOut Images to exclude from all sets, such as dropped copies.
 * @throws DataError when a class has fewer images (a group counts as one) than the split or its folds need.
 */
export function splitImages(
  folder: Pick<ImageFolder, 'images' | 'classes' | 'root'>,
  plan: SplitPlan,
  groups: readonly (readonly number[])[] = [],
  leftOut: ReadonlySet<number> = new Set(),
): ImageSplit {
  const given = givenSets(folder, plan);
  const units = unitsOf(folder, groups, leftOut);
  const drawn = folder.classes.map((_, label) => drawClass(folder, label, plan, units[label]!, given));
  const test = wholeBatches(folder, ascending(given.test ?? drawn.flatMap((one) => one.test.flat())), plan);
  const watched = plan.tune === 'test' ? test : given.tune === null ? null : ascending(given.tune);
  const fitOn = (fold: Fold, sets: readonly LearningSet[], outOfFold: Uint32Array | 'fit'): FoldImages => {
    const fit = ascending(sets.flatMap((one) => one.fit.flat()));
    const tune = watched ?? ascending(sets.flatMap((one) => one.tune.flat()));
    return { fold, fit, tune, outOfFold: outOfFold === 'fit' ? fit : outOfFold };
  };
  const { stacking } = plan;
  const all = foldsOf(stacking);
  switch (stacking.kind) {
    case 'holdout':
      return { test, folds: [fitOn(all[0]!, drawn, ascending(drawn.flatMap((one) => one.outOfFold.flat())))] };
    case 'training-images':
      return { test, folds: [fitOn(all[0]!, drawn, 'fit')] };
    case 'kfold': {
      // Each fold draws new fit and tune sets from all units of a class in their drawn order.
      const pools = drawn.map(({ fit, tune }) => [...tune, ...fit]);
      const folds = dealFolds(pools, stacking.folds, plan.seed).map((held, index) => {
        const others = pools.map((pool) =>
          cutTune(
            pool.filter((unit) => !held.has(unit)),
            watched === null ? plan.tune : 'test',
          ),
        );
        return fitOn(all[index]!, others, ascending([...held].flat()));
      });
      const rest = all.slice(folds.length).map((fold) => fitOn(fold, drawn, new Uint32Array()));
      return { test, folds: [...folds, ...rest] };
    }
  }
}

/** All images that any training run fits, monitors or predicts out of fold, except test images. Ascending. */
export function trainingImages({ folds, test }: ImageSplit): Uint32Array {
  const tested = new Set(test);
  const all = new Set(folds.flatMap(({ fit, tune, outOfFold }) => [...fit, ...tune, ...outOfFold]));
  return ascending([...all].filter((image) => !tested.has(image)));
}

/** Removes the images that `keep` rejects, such as undecodable ones; the others stay in their sets. */
export function filterSplit({ test, folds }: ImageSplit, keep: (index: number) => boolean): ImageSplit {
  return {
    test: test.filter(keep),
    folds: folds.map(({ fold, fit, tune, outOfFold }) => ({
      fold,
      fit: fit.filter(keep),
      tune: tune.filter(keep),
      outOfFold: outOfFold.filter(keep),
    })),
  };
}

/** Partitions the images into disjoint sets for reports, even where flaws make folds overlap. */
export function disjointSets({ test, folds }: ImageSplit): Map<string, Uint32Array> {
  const dealt = folds.filter(({ fold }) => fold.kind === 'fold');
  if (dealt.length > 0) {
    const sets = new Map(dealt.map(({ fold, outOfFold }) => [foldName(fold), outOfFold]));
    // Tune images from a separate folder are in no fold.
    const others = new Set([...dealt.flatMap(({ outOfFold }) => [...outOfFold]), ...test]);
    const tune = dealt[0]!.tune.filter((image) => !others.has(image));
    if (tune.length > 0) sets.set('tune', tune);
    return sets.set('test', test);
  }
  const { fold, fit, tune, outOfFold } = folds[0]!;
  const tested = new Set(test);
  const sets = new Map([['fit', fit]]);
  if (!tune.some((image) => tested.has(image))) sets.set('tune', tune);
  if (fold.kind === 'holdout') sets.set('stack', outOfFold);
  return sets.set('test', test);
}

// --- internal ---

/** Images that stay together: a group, or a single image. */
type Unit = readonly number[];

interface LearningSet {
  fit: Unit[];
  tune: Unit[];
}

/** Images of the sets with a split folder; null for sets to be drawn. */
interface GivenSets {
  tune: number[] | null;
  test: number[] | null;
}

function givenSets({ images, root }: Pick<ImageFolder, 'images' | 'root'>, plan: SplitPlan): GivenSets {
  const ofRole = (role: ImageFile['role']): number[] | null => {
    const indices = images.flatMap((image, index) => (image.role === role ? [index] : []));
    return indices.length === 0 ? null : indices;
  };
  const tune = ofRole('tune');
  if (tune !== null && plan.tune === 'test')
    throw new DataError(
      `Expected no tune images in ${root}, because flaws.tuneOnTest monitors the test images; received ${tune.length}. Remove the flaw or move the folder of tune images.`,
    );
  return { tune, test: ofRole('test') };
}

/**
 * The images to draw from, as units by label; units and their images are sorted by path. A unit with several labels counts
 * for the rarest of them, because that class has the fewest images.
 *
 * Excludes images of sets that a split folder provides.
 */
function unitsOf(
  { images, classes }: Pick<ImageFolder, 'images' | 'classes'>,
  groups: readonly (readonly number[])[],
  leftOut: ReadonlySet<number>,
): Unit[][] {
  const isDrawn = (index: number) => isToDraw(images[index]!) && !leftOut.has(index);
  const byPath = pathOrder(images);
  const grouped = groups.map((group) => group.filter(isDrawn).toSorted(byPath)).filter((unit) => unit.length > 0);
  const inGroup = new Set(grouped.flat());
  const single = [...images.keys()].filter((index) => isDrawn(index) && !inGroup.has(index)).map((index) => [index]);
  const units: Unit[][] = classes.map(() => []);
  const counts = classes.map((_, label) => images.filter((image) => image.label === label && isToDraw(image)).length);
  const rarest = (unit: Unit) =>
    unit.map((index) => images[index]!.label).reduce((best, label) => (counts[label]! < counts[best]! ? label : best));
  for (const unit of [...grouped, ...single].toSorted(([a], [b]) => byPath(a!, b!))) units[rarest(unit)]!.push(unit);
  return units;
}

function isToDraw({ role }: Pick<ImageFile, 'role'>): boolean {
  return role === null || role === 'train';
}

/** Distributes one class's units among the sets. */
function drawClass(
  { images, classes, root }: Pick<ImageFolder, 'images' | 'classes' | 'root'>,
  label: number,
  plan: SplitPlan,
  units: readonly Unit[],
  given: GivenSets,
): LearningSet & { outOfFold: Unit[]; test: Unit[] } {
  const name = classes[label]!;
  const drawn = shuffle([...units], randomFor(plan.seed, `split ${name}`));

  const { stacking } = plan;
  const tuneShare = plan.tune === 'test' || given.tune !== null ? 0 : plan.tune;
  const stackingShare = stacking.kind === 'holdout' ? stacking.fraction : 0;
  const testShare = given.test === null ? plan.test : 0;
  const wanted = [tuneShare, stackingShare, testShare];
  const needed = 1 + wanted.filter((share) => share > 0).length;
  const own = images.filter((image) => image.label === label && isToDraw(image)).length;
  const received = (count: number) =>
    own === imageCount(units) && own === units.length
      ? `${count}`
      : `${count} distinct ones (copies of one picture stay together; see data.duplicates)`;
  if (drawn.length < needed)
    throw new DataError(
      `Expected at least ${needed} images of class "${displayName(name)}" to ${given.test === null ? 'train and test on' : 'train on'} in ${root}, received ${received(drawn.length)}.`,
    );
  const total = sharedCount(drawn, Math.min(...wanted.filter((share) => share > 0)));
  let kept = needed - 1;
  const [tune, outOfFold, test] = wanted.map((share) => {
    if (share === 0) return [];
    kept -= 1;
    // With few, large units, leave one for each remaining set and one to fit.
    const most = units.length === imageCount(units) ? drawn.length : drawn.length - kept - 1;
    return takeUnits(drawn, countOf(share, total), most);
  }) as [Unit[], Unit[], Unit[]];
  if (drawn.length === 0)
    throw new DataError(
      `No image of class "${displayName(name)}" is left to train on; lower split.tune, split.test or stacking.fraction.`,
    );
  // Each fold leaves at least one image to fit and one to tune (if drawn); the largest fold has n / k images, rounded up.
  const least = stacking.kind === 'kfold' ? stacking.folds + (given.tune === null ? 2 : 1) : 0;
  if (stacking.kind === 'kfold' && drawn.length + tune.length < least)
    throw new DataError(
      `Expected at least ${least} images of class "${displayName(name)}" to train on in ${stacking.folds} folds in ${root}, received ${received(drawn.length + tune.length)}; lower stacking.folds.`,
    );
  return { fit: drawn, tune, outOfFold, test };
}

/**
 * Moves units from the front of a list into a set of `count` images, skipping units that exceed the remaining count. If all
 * exceed it, takes the smallest.
 *
 * @param most maximum number of units to take.
 */
function takeUnits(units: Unit[], count: number, most: number): Unit[] {
  const taken: Unit[] = [];
  const left: Unit[] = [];
  let lacking = count;
  for (const unit of units)
    if (unit.length <= lacking && taken.length < most) {
      taken.push(unit);
      lacking -= unit.length;
    } else left.push(unit);
  if (taken.length === 0 && count > 0 && most > 0) {
    const smallest = left.reduce((best, unit, at) => (unit.length < left[best]!.length ? at : best), 0);
    taken.push(...left.splice(smallest, 1));
  }
  units.splice(0, units.length, ...left);
  return taken;
}

function imageCount(units: readonly Unit[]): number {
  return units.reduce((sum, unit) => sum + unit.length, 0);
}

/**
 * The image count to which shares apply. Units larger than the smallest share are excluded: they stay in `fit`, and counting
 * them would enlarge the shares until `fit` had hardly any other pictures.
 */
function sharedCount(units: readonly Unit[], smallestShare: number): number {
  const all = imageCount(units);
  const shared = imageCount(units.filter((unit) => unit.length <= countOf(smallestShare, all)));
  return shared === 0 ? all : shared;
}

/** At least one, unless the share is 0. */
function countOf(share: number, total: number): number {
  return share === 0 ? 0 : Math.max(1, Math.round(share * total));
}

function cutTune(pool: readonly Unit[], tune: SplitPlan['tune']): LearningSet {
  const fit = [...pool];
  // Leaves at least one to fit.
  const watched = tune === 'test' ? [] : takeUnits(fit, countOf(tune, sharedCount(pool, tune)), pool.length - 1);
  return { tune: watched, fit };
}

/** Deals every unit into exactly one fold, with the classes distributed evenly. */
function dealFolds(pools: readonly (readonly Unit[])[], foldCount: number, seed: number): Set<Unit>[] {
  const units = pools.flat();
  const labels = pools.flatMap((pool, label) => pool.map(() => label));
  const sizes = units.map((unit) => unit.length);
  return stratifiedFolds(labels, foldCount, seedFor(seed, 'folds'), sizes).map(
    (rows) => new Set(rows.map((row) => units[row]!)),
  );
}

function wholeBatches(
  { images, root }: Pick<ImageFolder, 'images' | 'root'>,
  test: Uint32Array,
  { testMultipleOf, seed }: SplitPlan,
): Uint32Array {
  const count = test.length - (test.length % testMultipleOf);
  if (count === test.length) return test;
  if (count === 0)
    throw new DataError(
      `Expected at least ${testMultipleOf} test images in ${root}, a whole batch (flaws.wholeBatchesOnly), received ${test.length}; lower recipe.batchSize.`,
    );
  const sorted = [...test].toSorted(pathOrder(images));
  return ascending(shuffle(sorted, randomFor(seed, 'test groups')).slice(0, count));
}

function ascending(indices: readonly number[]): Uint32Array {
  return Uint32Array.from(indices).sort();
}
