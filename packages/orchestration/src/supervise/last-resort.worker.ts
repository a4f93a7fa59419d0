/** The thread of `killAtLast`. */
import { workerData } from 'node:worker_threads';

const { isStopping, graceMs, parentId } = workerData as {
  /** Int32[1]; 1 after a stop request. */
  isStopping: Int32Array;
  /** Int32[1]; it may change until the grace period starts. */
  graceMs: Int32Array;
  /** Undefined if the process may outlive its parent. */
  parentId: number | undefined;
};

const intervalMs = 500;

const watching = setInterval(() => {
  const isOrphan = parentId !== undefined && process.ppid !== parentId;
  if (Atomics.load(isStopping, 0) === 0 && !isOrphan) return;
  clearInterval(watching);
  // The grace period may have started an interval ago. SIGKILL, because the handlers of an exit wait for native calls.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), Math.max(0, Atomics.load(graceMs, 0) - intervalMs));
}, intervalMs);
