/** What the process must do before it loads native libraries and starts threads. */
import { isMainThread } from 'node:worker_threads';
import { waitForNativeCallsOnExit } from './native-calls.ts';

/**
 * Variables that native code reads with getenv, which does not see a worker's `env`.
 *
 * TF_OVERRIDE_GLOBAL_THREADPOOL gives every logical device its own thread pool; without it, all lanes share the first
 * context's pool.
 */
export const processEnvironment: Readonly<Record<string, string>> = {
  TF_OVERRIDE_GLOBAL_THREADPOOL: '1',
};

/**
 * Sets the variables of {@link processEnvironment} that are not yet set in the real environment. In the main thread,
 * `process.env` writes to it. Also has the process wait for its threads' native calls before it exits.
 *
 * @throws Error in a worker thread, where it would have no effect.
 */
export function prepareProcess(): void {
  waitForNativeCallsOnExit();
  const missing = Object.entries(processEnvironment).filter(([name]) => process.env[name] === undefined);
  if (missing.length === 0) return;
  if (!isMainThread) throw new Error('prepareProcess() works in the main thread only');
  for (const [name, value] of missing) process.env[name] = value;
}
