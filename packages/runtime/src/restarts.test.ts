import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareProcess } from './process.ts';

const tasks = '/proc/self/task';
const roundCount = 20;

/** Starts a lane, trains briefly and closes it: node unloads the addon with the last thread that uses it. */
async function round(): Promise<void> {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./lane.fixture.mjs', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    workerData: { startup: { device: 'cpu:1', logicalCpuDevices: 2, intraOpThreads: 2 } },
  });
  await pool.run({ stepCount: 2, together: false });
  await pool.close();
}

describe('20 rounds of starting and closing a lane', () => {
  const residentMiB: number[] = [];
  const threadCounts: number[] = [];

  beforeAll(async () => {
    prepareProcess();
    for (let index = 0; index < roundCount; index += 1) {
      await round();
      residentMiB.push(process.memoryUsage.rss() / 2 ** 20);
      if (existsSync(tasks)) threadCounts.push(readdirSync(tasks).length);
    }
  });

  it('do not grow the resident set', () => {
    expect(residentMiB).toHaveLength(roundCount);
    expect(residentMiB.at(-1)! - residentMiB[1]!).toBeLessThanOrEqual(50);
  });

  it.skipIf(!existsSync(tasks))('leave no thread', () => {
    expect(threadCounts.at(-1)).toBe(threadCounts[1]);
  });
});
