/** Ends a process that does not end by itself. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** Time in which a process has to end after a stop request, or after its parent has exited. */
export const stopGraceMs = 10_000;

/** How a process controls the thread that kills it if it does not end. */
export interface LastResort {
  /** Starts the grace period. */
  stopRequested(): void;
  /** Replaces the grace period, in milliseconds, unless it has started. */
  allow(graceMs: number): void;
}

// The compiled thread entry, the same one for `src` (tests) and `dist`.
const workerPath = createRequire(import.meta.url).resolve('#last-resort-worker');

/**
 * Kills this process, whatever its threads do, within a grace period that a stop request or the exit of its parent starts, if it has a
 * channel to the parent. A thread of its own watches both, since a native call or an endless loop may hold the main thread.
 */
export function killAtLast(graceMs = stopGraceMs): LastResort {
  const isStopping = sharedNumber(0);
  const sharedGraceMs = sharedNumber(graceMs);
  const thread = new Worker(pathToFileURL(workerPath), {
    // A process that was started without a channel may outlive its parent.
    workerData: { isStopping, graceMs: sharedGraceMs, parentId: process.connected ? process.ppid : undefined },
    // Without the options of the process, such as modules that the user preloads.
    ...{ execArgv: [], env: {} },
  });
  thread.unref();
  return {
    stopRequested: () => void Atomics.store(isStopping, 0, 1),
    allow: (milliseconds) => void Atomics.store(sharedGraceMs, 0, milliseconds),
  };
}

// --- internal ---

function sharedNumber(value: number): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  shared[0] = value;
  return shared;
}
