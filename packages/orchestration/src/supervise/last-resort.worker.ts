/** The thread of `killAtLast`. */
import { workerData } from 'node:worker_threads';

const { stopped, parentId, graceMs } = workerData as {
  /** Int32[1]; 1 after a stop request. */
  stopped: Int32Array;
  /** Undefined if the process may outlive its parent. */
  parentId: number | undefined;
  graceMs: number;
};

const watching = setInterval(() => {
  const isOrphan = parentId !== undefined && process.ppid !== parentId;
  if (Atomics.load(stopped, 0) === 0 && !isOrphan) return;
  clearInterval(watching);
  // SIGKILL, because the handlers of an exit wait for native calls.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs);
}, 500);
