#!/usr/bin/env node
/**
 * The thin parent of every command: it puts into the real environment what TensorFlow reads before any of our code
 * runs, starts the command as a child, hands signals on and ends with the child's exit code.
 *
 * First Ctrl-C: the child stops at a batch edge, if its command has one, and ends at once otherwise. Second: the child is
 * killed at once; a thread inside a native call would keep `process.exit` waiting.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '@chorus/orchestration/environment';
import type { StopsItself } from './stop-signal.ts';

/** Images are decoded in libuv's pool, which has four threads, whatever the machine, unless it is told before it starts. */
const decodingThreads = String(Math.max(availableParallelism(), 4));

const words = process.argv.slice(2);
const child = spawn(
  process.execPath,
  [fileURLToPath(new URL('./command-line.js', import.meta.url)), ...words],
  // The channel ends with this process, however it ends; the child then stops too.
  {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { UV_THREADPOOL_SIZE: decodingThreads, ...process.env, ...processEnvironment },
  },
);

/** For a command that has no edge to stop at: until then its native call may return and let it end by itself. */
const graceMs = 1000;
let stopsItself = false;
child.on('message', (message: Partial<StopsItself>) => {
  if (message.stopsItself) stopsItself = true;
});

let signalCount = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signalCount += 1;
    // Not every sender signals the whole process group; the child ignores the signal itself.
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
  // It was killed by the second signal, or had not yet learnt to listen to the first.
  if (signalCount > 0 && signal !== null) process.exit(130);
  if (signal !== null) {
    const isRun = words.find((word) => !word.startsWith('-')) === 'train';
    console.error(
      isRun ? `The run was ended by ${signal}. Go on with --resume and the run folder.` : `It was ended by ${signal}.`,
    );
    process.exit(signal === 'SIGKILL' ? 137 : 1);
  }
  process.exit(code ?? 1);
});
