import type { Report } from '@chorus/orchestration';

/** How many images each set has; of several folds the first one stands for all. */
export function countsLine({ test, folds }: Report['dataset']['counts']): string {
  const [{ fold, fit, tune, outOfFold }] = folds as [(typeof folds)[number]];
  const foldCount = folds.filter((one) => one.fold.kind === 'fold').length;
  if (foldCount === 0)
    return `fit ${fit}, tune ${tune}, ${fold.kind === 'all' ? '' : `stack ${outOfFold}, `}test ${test}`;
  const retrained = folds.length > foldCount ? ', then on all' : '';
  // Tune images from a folder of their own are in no fold.
  const inFolds = folds.reduce((sum, one) => sum + one.outOfFold, 0);
  return `${inFolds} in ${foldCount} folds (fit ${fit}, tune ${tune}, held out ${outOfFold}${retrained}), test ${test}`;
}
