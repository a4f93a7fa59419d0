/** What a thread that fits stackers runs. */
import { type Outcome, outcomeOf } from '@chorus/training/outcome';
import { type FitResult, type FitTask, runFit } from './fit-task.ts';

/** Called by piscina, one task at a time. */
export default function fit(task: FitTask): Promise<Outcome<FitResult>> {
  return outcomeOf(() => runFit(task));
}
