/** The images of a student's training. */
import type { FoldImages } from '@chorus/data';
import type { FoldFacts } from './dataset-facts.ts';

/**
 * The images that a student trains on: all training images except the tuning images of the last fold, which are those of the refitted
 * members if there are any. Each of them has an out-of-fold prediction.
 */
export function studentFold(folds: readonly FoldImages[]): FoldImages {
  const { fit, tune, outOfFold } = folds.at(-1)!;
  return {
    fold: { kind: 'all' },
    fit: Uint32Array.from([...fit, ...outOfFold]).sort(),
    tune,
    outOfFold: new Uint32Array(),
  };
}

/** The image counts of {@link studentFold}. */
export function studentFacts(folds: readonly FoldFacts[]): FoldFacts {
  const { fit, tune, outOfFold } = folds.at(-1)!;
  return { fold: { kind: 'all' }, fit: fit + outOfFold, tune, outOfFold: 0 };
}
