import type { Report } from '@chorus/orchestration';

/** How many images each set has; of several folds, the first is shown. */
export function countsLine({ test, folds }: Report['dataset']['counts']): string {
  const [{ fold, fit, tune, outOfFold }] = folds as [(typeof folds)[number]];
  const foldCount = folds.filter((one) => one.fold.kind === 'fold').length;
  if (foldCount === 0)
    return `fit ${fit}, tune ${tune}, ${fold.kind === 'all' ? '' : `stack ${outOfFold}, `}test ${test}`;
  const retrained = folds.length > foldCount ? ', then on all' : '';
  // Tuning images that have a folder of their own belong to no fold.
  const inFolds = folds.reduce((sum, one) => sum + one.outOfFold, 0);
  return `${inFolds} in ${foldCount} folds (fit ${fit}, tune ${tune}, stack ${outOfFold}${retrained}), test ${test}`;
}
