// Ends the process with the exit code 7 while one thread is inside a native call; another thread then starts one.
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nativeCall, waitForNativeCallsOnExit } from '../dist/native-calls.js';

const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

if (isMainThread) {
  waitForNativeCallsOnExit();
  const exiting = new Int32Array(new SharedArrayBuffer(4));
  const start = (role) => new Worker(new URL(import.meta.url), { workerData: { role, exiting } });
  start('late').once('message', () =>
    start('first').once('message', () => {
      Atomics.store(exiting, 0, 1);
      Atomics.notify(exiting, 0);
      process.exit(7);
    }),
  );
} else if (workerData.role === 'first') {
  nativeCall(() => {
    parentPort.postMessage('inside');
    sleep(1000);
    writeSync(1, 'first ended\n');
  });
} else {
  parentPort.postMessage('ready');
  Atomics.wait(workerData.exiting, 0, 0);
  sleep(300);
  nativeCall(() => writeSync(1, 'late started\n'));
}
