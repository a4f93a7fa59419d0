/** The image counts of a data set that a plan depends on. */
import { type Fold, foldsOf, type ImageSplit, trainingImages } from '@chorus/data';
import type { Experiment } from '../experiment/schema.ts';
import type { ClassCount } from './imbalance.ts';

/** Images of one training of every member. */
export interface FoldFacts {
  fold: Fold;
  fit: number;
  tune: number;
  outOfFold: number;
}

export interface DatasetFacts {
  /** Images that any training uses. */
  trainingCount: number;
  testCount: number;
  folds: FoldFacts[];
  /** Training images of each class; omitted if they are not known, in which case no plan treats classes differently. */
  classes?: ClassCount[];
}

/** The image counts of a split. */
export function factsOf(split: ImageSplit): DatasetFacts {
  return {
    trainingCount: trainingImages(split).length,
    testCount: split.test.length,
    folds: split.folds.map(({ fold, fit, tune, outOfFold }) => ({
      fold,
      fit: fit.length,
      tune: tune.length,
      outOfFold: outOfFold.length,
    })),
  };
}

/** The number of training images of each class. */
export function countClasses(
  split: ImageSplit,
  { classes, images }: { classes: readonly string[]; images: readonly { label: number }[] },
): ClassCount[] {
  const counts = classes.map(() => 0);
  for (const index of trainingImages(split)) counts[images[index]!.label]! += 1;
  return classes.map((name, label) => ({ name, count: counts[label]! }));
}

/** The expected image counts of a split, from the experiment's shares; not rounded. */
export function expectedFacts(
  { split, stacking }: Pick<Experiment, 'split' | 'stacking'>,
  { trainingCount, testCount }: Pick<DatasetFacts, 'trainingCount' | 'testCount'>,
): DatasetFacts {
  const folds = foldsOf(stacking).map((fold): FoldFacts => {
    const outOfFold = trainingCount * outOfFoldShare(fold, stacking);
    const rest = stacking.kind === 'training-images' ? trainingCount : trainingCount - outOfFold;
    const tune = split.tune * rest;
    return { fold, fit: rest - tune, tune, outOfFold };
  });
  return { trainingCount, testCount, folds };
}

// --- internal ---

function outOfFoldShare(fold: Fold, stacking: Experiment['stacking']): number {
  switch (stacking.kind) {
    case 'holdout':
      return stacking.fraction;
    case 'training-images':
      return 1;
    case 'kfold':
      return fold.kind === 'fold' ? 1 / stacking.folds : 0;
  }
}
