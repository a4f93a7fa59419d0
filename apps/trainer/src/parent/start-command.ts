import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '@chorus/orchestration/environment';

/** Images are decoded in libuv's thread pool, which has four threads on any machine unless its size is set at startup. */
const decodingThreads = String(Math.max(availableParallelism(), 4));

/** Starts the process of a command. */
export function startCommand(words: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('../command-line.js', import.meta.url)), ...words],
    // The channel closes with this process, however it ends; the child then stops, too.
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { UV_THREADPOOL_SIZE: decodingThreads, ...process.env, ...processEnvironment, ...environment },
    },
  );
}
