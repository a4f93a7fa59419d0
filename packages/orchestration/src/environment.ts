/** The environment variables that a training process needs; a separate module, so that it loads nothing else. */
import { availableParallelism } from 'node:os';
import { processEnvironment } from '@chorus/runtime/environment';

/** The environment of a child process that decodes and trains: TensorFlow and libuv read their settings when a process starts. */
export function childEnvironment(): NodeJS.ProcessEnv {
  // Images are decoded in libuv's thread pool, which has four threads on any machine unless its size is set.
  return { UV_THREADPOOL_SIZE: String(Math.max(availableParallelism(), 4)), ...process.env, ...processEnvironment };
}
