/** What must be in the process's real environment before TensorFlow's library is loaded. */
import { isMainThread } from 'node:worker_threads';

/**
 * Variables that native code reads with getenv; a worker's `env` never reaches it.
 *
 * TF_OVERRIDE_GLOBAL_THREADPOOL gives every logical device a pool of its own: otherwise the first context's pool serves
 * all lanes.
 */
export const processEnvironment: Readonly<Record<string, string>> = {
  TF_OVERRIDE_GLOBAL_THREADPOOL: '1',
};

/**
 * Puts {@link processEnvironment} into the real environment, where it is not set already. In the main thread
 * `process.env` writes through to it.
 *
 * @throws Error in a worker thread, where it would have no effect.
 */
export function prepareProcess(): void {
  const missing = Object.entries(processEnvironment).filter(([name]) => process.env[name] === undefined);
  if (missing.length === 0) return;
  if (!isMainThread) throw new Error('prepareProcess() works in the main thread only');
  for (const [name, value] of missing) process.env[name] = value;
}
