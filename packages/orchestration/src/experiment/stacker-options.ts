import type { StackerOptions } from '@chorus/models';
import type { Experiment } from './schema.ts';

/** Fit options of each kind of stacker, from the experiment and its flaws. */
export function stackerOptionsOf({ stackers, flaws }: Pick<Experiment, 'stackers' | 'flaws'>): StackerOptions {
  const { kinds: _, ...options } = stackers;
  const { wholeBatchesOnly, fromLogitsOnSigmoid } = flaws;
  const loss = fromLogitsOnSigmoid === null ? {} : { fromLogitsOnSigmoid };
  return { ...options, dense: { ...options.dense, wholeBatchesOnly, ...loss } };
}
