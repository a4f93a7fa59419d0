// A thread that sums an image's pixels once they are published, and reports whether the memory is shared.
import { parentPort, workerData } from 'node:worker_threads';
import { PixelStore } from '../dist/index.js';

const store = new PixelStore(workerData);
const ready = new Int32Array(workerData.ready);
parentPort.postMessage('waiting');
Atomics.wait(ready, 1, 0);
const pixels = store.pixels(1);
parentPort.postMessage({
  sum: pixels.reduce((total, value) => total + value, 0),
  shared: pixels.buffer === workerData.segments[0],
});
