import type { Piscina } from 'piscina';
import { beforeAll, describe, expect, it } from 'vitest';
import { lanePools } from '../lane-pools.fixture.ts';
import type { RuntimeOptions } from '../runtime.ts';

interface Trained {
  device: string;
  losses: number[];
  kernel: number[];
  backing: Record<'loss' | 'kernel', string>;
  traceCount: number;
  leftCount: number;
}

const laneCount = 3;
const start = lanePools(new URL('./compiled-lane.fixture.mjs', import.meta.url), laneCount);

function lane(device: RuntimeOptions['device']): Piscina {
  return start({ device, logicalCpuDevices: laneCount + 1, intraOpThreads: 2 });
}

describe('three lanes that compile and call concurrently', () => {
  let together: Trained[];
  let alone: Trained[];

  beforeAll(async () => {
    const lanes = (['cpu:1', 'cpu:2', 'cpu:3'] as const).map(lane);
    const train = (pool: Piscina, own: number, meet: boolean): Promise<Trained> =>
      pool.run({ own, stepCount: 16, together: meet });
    together = await Promise.all(lanes.map((pool, index) => train(pool, index + 1, true)));
    alone = [];
    for (const [index, pool] of lanes.entries()) alone.push(await train(pool, index + 1, false));
  });

  it('fit their own data', () => {
    for (const { losses } of together) expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(new Set(together.map(({ losses }) => losses[0])).size).toBe(laneCount);
  });

  it('get results bit-equal to those of a single lane', () => {
    for (const [index, { losses, kernel }] of together.entries()) {
      expect(losses).toEqual(alone[index]!.losses);
      expect(kernel).toEqual(alone[index]!.kernel);
    }
  });

  it('trace once for each batch size', () => {
    expect([...together, ...alone].map(({ traceCount }) => traceCount)).toEqual(Array(2 * laneCount).fill(2));
  });

  it('keep results and variables on their own device', () => {
    for (const { device, backing } of together) {
      const name = `/job:localhost/replica:0/task:0/device:${device.toUpperCase()}`;
      expect(backing).toEqual({ loss: name, kernel: name });
    }
  });

  it('leave no tensor', () => {
    expect([...together, ...alone].map(({ leftCount }) => leftCount)).toEqual(Array(2 * laneCount).fill(0));
  });
});
