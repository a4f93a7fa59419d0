// Ends the process with the exit code 7 while a thread is inside a run of onnxruntime. `process.argv[2]`: path of a model that
// takes uint8 [N,2] as `x`.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openOnnxSession, prepareProcess } from '../dist/index.js';

if (isMainThread) {
  prepareProcess();
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
  worker.on('message', (runCount) => {
    if (runCount === 3) process.exit(7);
  });
} else {
  const session = await openOnnxSession(workerData, { threads: 1, spin: false });
  const rowCount = 1e6;
  const pixels = new Uint8Array(2 * rowCount);
  for (let runCount = 1; ; runCount += 1) {
    parentPort.postMessage(runCount);
    await session.run({ x: { pixels, shape: [rowCount, 2] } });
  }
}
