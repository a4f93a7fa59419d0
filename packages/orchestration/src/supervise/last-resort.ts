/** Ends a process that does not end by itself. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** Time in which a process has to end after a stop request, or after its parent has exited. */
export const stopGraceMs = 10_000;

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('#last-resort-worker');

/**
 * Kills this process, whatever its threads do, after a time of grace that a stop request or the exit of its parent starts, if it has a
 * channel to the parent. A thread of
 * its own watches both, since a native call or an endless loop may hold the main thread.
 *
 * @returns a function to call at a stop request.
 */
export function killAtLast(graceMs = stopGraceMs): () => void {
  const stopped = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const thread = new Worker(pathToFileURL(workerPath), {
    // A process that was started without a channel may outlive its parent.
    workerData: { stopped, parentId: process.connected ? process.ppid : undefined, graceMs },
    // Without the options of the process, such as modules that the user preloads.
    ...{ execArgv: [], env: {} },
  });
  thread.unref();
  return () => {
    Atomics.store(stopped, 0, 1);
  };
}
