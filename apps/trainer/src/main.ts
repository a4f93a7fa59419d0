#!/usr/bin/env node
/**
 * The parent process of every command. It sets the environment variables that TensorFlow reads when a process starts, runs the
 * command in a child process, forwards signals and exits with the child's exit code.
 *
 * After the first Ctrl-C, the child stops before its next batch, or ends immediately if its command has no batches. After the
 * second, the child is killed, since `process.exit` would wait for native calls in its threads.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '@chorus/orchestration/environment';
import type { StopsItself } from './stop-signal.ts';

/** Images are decoded in libuv's thread pool, which has four threads by default; its size must be set before it starts. */
const decodingThreads = String(Math.max(availableParallelism(), 4));

const words = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [fileURLToPath(new URL('./command-line.js', import.meta.url)), ...words],
  // The IPC channel closes when this process ends for any reason; the child then stops too.
  {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { UV_THREADPOOL_SIZE: decodingThreads, ...process.env, ...processEnvironment },
  },
);

/** Time for a command without stop handling to end by itself when its native call returns. */
const graceMs = 1000;
let stopsItself = false;
child.on('message', (message: Partial<StopsItself>) => {
  if (message.stopsItself) stopsItself = true;
});

let signalCount = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signalCount += 1;
    // Forwards the stop request, since a sender may signal only this process; the child ignores the signal itself.
    if (signalCount > 1 || !child.connected) {
      child.kill('SIGKILL');
      return;
    }
    child.send({ stop: signal });
    setTimeout(() => {
      if (!stopsItself) child.kill('SIGKILL');
    }, graceMs);
  });
}

child.on('exit', (code, signal) => {
  // Killed after the second signal, or before its signal handlers were installed.
  if (signalCount > 0 && signal !== null) process.exit(130);
  if (signal !== null) {
    const isRun = words.find((word) => !word.startsWith('-')) === 'train';
    console.error(
      isRun
        ? `The run was ended by ${signal}; resume it with --resume and the run folder.`
        : `The command was ended by ${signal}.`,
    );
    process.exit(signal === 'SIGKILL' ? 137 : 1);
  }
  process.exit(code ?? 1);
});
