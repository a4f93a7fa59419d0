/**
 * Keeps a process from ending while one of its threads is inside a native call.
 *
 * When a process exits, node ends its threads as soon as their native calls return. A binding that cannot convert its result
 * then, since the thread no longer runs JavaScript, aborts the whole process: its exit code is lost.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

/**
 * Has the process wait for native calls before it exits, and lets no further one begin. Call it in the main thread before
 * starting threads, which inherit it.
 */
export function waitForNativeCallsOnExit(): void {
  if (!isMainThread || sharedCount() !== undefined) return;
  const count = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setEnvironmentData(dataKey, count);
  process.once('exit', () => {
    Atomics.or(count, 0, exiting);
    const deadlineMs = Date.now() + longestWaitMs;
    for (;;) {
      const value = Atomics.load(count, 0);
      if (value === exiting || Date.now() > deadlineMs) return;
      Atomics.wait(count, 0, value, deadlineMs - Date.now());
    }
  });
}

/** Makes a native call that must not be interrupted. In a process that is exiting, a thread waits here for its end. */
export function nativeCall<Result>(call: () => Result): Result {
  const count = sharedCount();
  if (count === undefined || isMainThread) return call();
  if (Atomics.add(count, 0, 1) & exiting) {
    leave(count);
    // The count changes when another thread's call ends; nothing changes this number.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0);
  }
  try {
    return call();
  } finally {
    leave(count);
  }
}

// --- internal ---

/** Key of the environment data of threads: an Int32, the number of threads inside a native call, or-ed with {@link exiting}. */
const dataKey = 'chorus:native-calls';
const exiting = 2 ** 30;
/** A call takes milliseconds to seconds. */
const longestWaitMs = 30_000;

function sharedCount(): Int32Array<SharedArrayBuffer> | undefined {
  return getEnvironmentData(dataKey) as Int32Array<SharedArrayBuffer> | undefined;
}

function leave(count: Int32Array<SharedArrayBuffer>): void {
  Atomics.sub(count, 0, 1);
  Atomics.notify(count, 0);
}
