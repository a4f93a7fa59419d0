// A barrier for the threads of a test.
import { workerData } from 'node:worker_threads';

const { gate, laneCount } = workerData[1] ?? workerData;

/** Waits until every thread has arrived. */
export function meet(place) {
  const arrived = new Int32Array(gate);
  Atomics.add(arrived, place, 1);
  Atomics.notify(arrived, place);
  for (let seen = Atomics.load(arrived, place); seen < laneCount; seen = Atomics.load(arrived, place))
    Atomics.wait(arrived, place, seen);
}
