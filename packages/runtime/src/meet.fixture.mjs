// Where threads of a test wait for each other.
import { workerData } from 'node:worker_threads';

const { gate, laneCount } = workerData[1] ?? workerData;

/** Nobody goes on before everybody is at this place. */
export function meet(place) {
  const arrived = new Int32Array(gate);
  Atomics.add(arrived, place, 1);
  Atomics.notify(arrived, place);
  for (let seen = Atomics.load(arrived, place); seen < laneCount; seen = Atomics.load(arrived, place))
    Atomics.wait(arrived, place, seen);
}
