/** Which share of the training images one training of a member leaves out. */

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

export type Fold =
  /** The share that is kept for the stackers. */
  | { kind: 'holdout' }
  /** One of k folds, counted from 0. */
  | { kind: 'fold'; index: number }
  /** Nothing is left out. */
  | { kind: 'all' };

/**
 * The folds of a way of stacking: one training of every member for each, in this order.
 *
 * @example foldsOf({ kind: 'kfold', folds: 2, members: 'refit' }).map(foldName) // ['fold-1', 'fold-2', 'all']
 */
export function foldsOf(stacking: StackingImages): Fold[] {
  if (stacking.kind === 'holdout') return [{ kind: 'holdout' }];
  if (stacking.kind === 'training-images') return [{ kind: 'all' }];
  const folds = Array.from({ length: stacking.folds }, (_, index): Fold => ({ kind: 'fold', index }));
  return stacking.members === 'refit' ? [...folds, { kind: 'all' }] : folds;
}

/** A fold's name in messages, folders and seeds: `holdout`, `fold-1` …, or `all`. */
export function foldName(fold: Fold): string {
  return fold.kind === 'fold' ? `fold-${fold.index + 1}` : fold.kind;
}
