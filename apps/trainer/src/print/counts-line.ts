import type { Report } from '@chorus/orchestration';

/** Number of images per set; with several folds, those of the first one. */
export function countsLine({ test, folds }: Report['dataset']['counts']): string {
  const [{ fold, fit, tune, outOfFold }] = folds as [(typeof folds)[number]];
  const foldCount = folds.filter((one) => one.fold.kind === 'fold').length;
  if (foldCount === 0)
    return `fit ${fit}, tune ${tune}, ${fold.kind === 'all' ? '' : `stack ${outOfFold}, `}test ${test}`;
  const retrained = folds.length > foldCount ? ', then on all' : '';
  // Tuning images from a separate folder are not in any fold.
  const inFolds = folds.reduce((sum, one) => sum + one.outOfFold, 0);
  return `${inFolds} in ${foldCount} folds (fit ${fit}, tune ${tune}, held out ${outOfFold}${retrained}), test ${test}`;
}
