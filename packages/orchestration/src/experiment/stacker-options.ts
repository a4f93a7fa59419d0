import type { StackerOptions } from '@chorus/models';
import type { Experiment } from './schema.ts';

/** Options of each kind's fit: the experiment's, and the flaws of the article's stacker. */
export function stackerOptionsOf({ stackers, flaws }: Pick<Experiment, 'stackers' | 'flaws'>): StackerOptions {
  const { kinds: _, ...options } = stackers;
  const { wholeBatchesOnly, fromLogitsOnSigmoid } = flaws;
  const loss = fromLogitsOnSigmoid === null ? {} : { fromLogitsOnSigmoid };
  return { ...options, dense: { ...options.dense, wholeBatchesOnly, ...loss } };
}
