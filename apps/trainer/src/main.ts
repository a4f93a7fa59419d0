#!/usr/bin/env node
/**
 * Parent process of every command. Sets the environment variables that TensorFlow reads at startup, runs the command in a child
 * process, forwards signals, and exits with the child's exit code.
 *
 * On the first Ctrl-C the child stops after the current batch if its command can, and exits at once otherwise. On the second the
 * child is killed: its `process.exit` would wait for threads inside native calls.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '@chorus/orchestration/environment';
import { whyTooFewOpenFiles } from './open-file-limit.ts';
import type { StopsItself } from './stop-signal.ts';

/** Images are decoded in libuv's thread pool, which has four threads on any machine unless its size is set at startup. */
const decodingThreads = String(Math.max(availableParallelism(), 4));

const tooFewFiles = whyTooFewOpenFiles();
if (tooFewFiles !== undefined) {
  console.error(`chorus: ${tooFewFiles}`);
  process.exit(2);
}

const words = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [fileURLToPath(new URL('./command-line.js', import.meta.url)), ...words],
  // The channel closes with this process, however it ends; the child then stops, too.
  {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { UV_THREADPOOL_SIZE: decodingThreads, ...process.env, ...processEnvironment },
  },
);

/** Grace period for commands that cannot stop early: a native call may return meanwhile, and the command exit normally. */
const graceMs = 1000;
let stopsItself = false;
child.on('message', (message: Partial<StopsItself>) => {
  if (message.stopsItself) stopsItself = true;
});

let signalCount = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signalCount += 1;
    // The signal may have reached this process alone, or the whole group; the child ignores it and waits for the message.
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
  // Killed by the second signal, or the first came before the child handled signals.
  if (signalCount > 0 && signal !== null) process.exit(130);
  if (signal !== null) {
    const isRun = words.find((word) => !word.startsWith('-')) === 'train';
    console.error(
      isRun
        ? `The run was terminated by ${signal}; resume it with --resume and its run folder.`
        : `The command was terminated by ${signal}.`,
    );
    process.exit(signal === 'SIGKILL' ? 137 : 1);
  }
  process.exit(code ?? 1);
});
