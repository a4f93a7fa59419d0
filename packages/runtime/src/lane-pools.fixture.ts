import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { afterAll, beforeAll } from 'vitest';
import { prepareProcess } from './process.ts';
import type { RuntimeOptions } from './runtime.ts';

/**
 * Creates lanes for a test file, each a pool of one thread, and closes them after the tests.
 *
 * @param entry the threads' file, which waits for the other lanes with meet.fixture.mjs.
 * @param laneCount number of lanes that wait for each other.
 * @returns a function that starts a lane.
 */
export function lanePools(entry: URL, laneCount: number): (startup: RuntimeOptions) => Piscina {
  /** Two Int32 counters: the number of lanes that have arrived at each barrier. */
  const gate = new SharedArrayBuffer(8);
  const pools: Piscina[] = [];
  beforeAll(() => prepareProcess());
  afterAll(() => Promise.all(pools.map((pool) => pool.close())));
  return (startup) => {
    const pool = new Piscina({
      filename: fileURLToPath(entry),
      minThreads: 1,
      maxThreads: 1,
      workerData: { startup, gate, laneCount },
    });
    pools.push(pool);
    return pool;
  };
}
