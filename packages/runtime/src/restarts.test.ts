import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { expect, it } from 'vitest';
import { prepareProcess } from './process.ts';

it('20 rounds of starting and closing a lane leave the resident set as it was', async () => {
  prepareProcess();
  const residentBytes: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const pool = new Piscina({
      filename: fileURLToPath(new URL('./lane.fixture.mjs', import.meta.url)),
      minThreads: 1,
      maxThreads: 1,
      workerData: { startup: { device: 'cpu:1', logicalCpuDevices: 2 } },
    });
    await pool.run({ stepCount: 2, together: false });
    await pool.close();
    globalThis.gc?.();
    residentBytes.push(process.memoryUsage.rss());
  }
  expect((residentBytes[19]! - residentBytes[1]!) / 2 ** 20).toBeLessThanOrEqual(50);
});
