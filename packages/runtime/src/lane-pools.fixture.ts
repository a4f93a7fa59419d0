import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { afterAll, beforeAll } from 'vitest';
import { prepareProcess } from './process.ts';
import type { RuntimeOptions } from './runtime.ts';

/**
 * Lanes for a file of tests, each a pool of one thread, closed behind the tests.
 *
 * @param entry the threads' file; it waits for the other lanes by meet.fixture.mjs.
 * @param laneCount how many wait for each other.
 * @returns what starts a lane.
 */
export function lanePools(entry: URL, laneCount: number): (startup: RuntimeOptions) => Piscina {
  /** Two Int32: how many lanes have come to each of the places where they wait for each other. */
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
