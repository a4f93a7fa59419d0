/** A thread that fits stackers, one at a time. */
import { type Outcome, outcomeOf } from '@chorus/training/outcome';
import { type FitResult, type FitTask, runFit } from './fit-task.ts';

/** Called by piscina. */
export default function fit(task: FitTask): Promise<Outcome<FitResult>> {
  return outcomeOf(() => runFit(task));
}
