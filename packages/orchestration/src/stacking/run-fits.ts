/** Threads that fit stackers; the main thread stays free to print progress and handle Ctrl-C. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Outcome } from '@chorus/training';
import { Piscina } from 'piscina';
import { unwrapOutcome } from '../thread-errors.ts';
import type { FitResult, FitTask } from './fit-task.ts';

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('#stacking-worker');

/**
 * Runs fits concurrently, one per processor. After a failure no further fit starts.
 *
 * @returns results in the order of the tasks.
 * @throws the error of the first fit that failed, after all running fits have ended.
 */
export async function runFits(
  tasks: readonly FitTask[],
  onProgress: (done: number, total: number) => void,
): Promise<FitResult[]> {
  const threadCount = Math.min(availableParallelism(), tasks.length);
  const pool = new Piscina<FitTask, Outcome<FitResult>>({
    filename: pathToFileURL(workerPath).href,
    // With fewer than the maximum, piscina ends idle threads, and replaces one that ends after the pool.
    minThreads: threadCount,
    maxThreads: threadCount,
  });
  const results: FitResult[] = [];
  let failure: { error: unknown } | undefined;
  let started = 0;
  let done = 0;
  const runInTurn = async () => {
    while (started < tasks.length && failure === undefined) {
      const index = started;
      started += 1;
      try {
        results[index] = unwrapOutcome(await pool.run(tasks[index]!));
        done += 1;
        onProgress(done, tasks.length);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: threadCount }, runInTurn));
  } finally {
    // All threads are idle: a result that arrives after this call would be an uncaught exception in piscina.
    await pool.destroy();
  }
  if (failure !== undefined) throw failure.error;
  return results;
}
