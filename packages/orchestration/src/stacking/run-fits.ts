/** Threads that fit stackers: the main thread stays free for progress and Ctrl-C. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';
import { revivedError } from '../thread-errors.ts';
import type { Outcome } from '../thread-outcome.ts';
import type { FitResult, FitTask } from './fit-task.ts';

// The compiled thread entry, the same one from `src` (tests) and from `dist`.
const workerPath = createRequire(import.meta.url).resolve('#stacking-worker');

/**
 * Runs fits side by side, as many as there are processors.
 *
 * @returns in the order of the tasks, whatever their order in time.
 * @throws what the first fit to fail threw, after all have ended.
 */
export async function runFits(
  tasks: readonly FitTask[],
  onProgress: (done: number, total: number) => void,
): Promise<FitResult[]> {
  const pool = new Piscina<FitTask, Outcome<FitResult>>({
    filename: pathToFileURL(workerPath).href,
    minThreads: 1,
    maxThreads: Math.min(availableParallelism(), tasks.length),
  });
  let done = 0;
  const run = async (task: FitTask) => {
    const outcome = await pool.run(task);
    if ('error' in outcome) throw revivedError(outcome.error);
    done += 1;
    onProgress(done, tasks.length);
    return outcome.value;
  };
  try {
    return await Promise.all(tasks.map(run));
  } finally {
    // These threads run nothing but JavaScript: they can be ended at any time.
    await pool.destroy();
  }
}
