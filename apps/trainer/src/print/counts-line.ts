import type { Report } from '@chorus/orchestration';

/** How many images are for what; of several parts the first stands for all. */
export function countsLine({ test, parts }: Report['dataset']['counts']): string {
  const [{ name, fit, tune, outOfFold }] = parts as [(typeof parts)[number]];
  const folds = parts.filter((part) => part.name.startsWith('fold-')).length;
  if (folds === 0) return `fit ${fit}, tune ${tune}, ${name === 'all' ? '' : `stack ${outOfFold}, `}test ${test}`;
  const retrained = parts.length > folds ? ', then on all' : '';
  // Tune images out of a folder of their own lie in no fold.
  const inFolds = parts.reduce((sum, part) => sum + part.outOfFold, 0);
  return `${inFolds} in ${folds} folds (fit ${fit}, tune ${tune}, held out ${outOfFold}${retrained}), test ${test}`;
}
