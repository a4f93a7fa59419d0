/** The share of the training images that one training run of a member leaves out. */

/** The source of the stackers' training images. */
export type StackingImages =
  /** A share of the images, held out from every member. */
  | { kind: 'holdout'; fraction: number }
  /**
   * Every image is held out once: one training run per fold, which predicts its fold. `refit` adds a run on all images for
   * the final predictions; `average` averages the predictions of the folds' models instead.
   */
  | { kind: 'kfold'; folds: number; members: 'refit' | 'average' }
  /** The members' own training images (a flaw, kept to reproduce published results). */
  | { kind: 'training-images' };

export type Fold =
  /** The share held out for the stackers. */
  | { kind: 'holdout' }
  /** One of k folds, counted from 0. */
  | { kind: 'fold'; index: number }
  /** No images are left out. */
  | { kind: 'all' };

/**
 * Returns the folds of a stacking method in training order; each stands for one training run of every member.
 *
 * @example foldsOf({ kind: 'kfold', folds: 2, members: 'refit' }).map(foldName) // ['fold-1', 'fold-2', 'all']
 */
export function foldsOf(stacking: StackingImages): Fold[] {
  if (stacking.kind === 'holdout') return [{ kind: 'holdout' }];
  if (stacking.kind === 'training-images') return [{ kind: 'all' }];
  const folds = Array.from({ length: stacking.folds }, (_, index): Fold => ({ kind: 'fold', index }));
  return stacking.members === 'refit' ? [...folds, { kind: 'all' }] : folds;
}

/** Returns a fold's name in messages, folders and seeds: `holdout`, `fold-1` …, or `all`. */
export function foldName(fold: Fold): string {
  return fold.kind === 'fold' ? `fold-${fold.index + 1}` : fold.kind;
}
