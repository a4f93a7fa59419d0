import { existsSync, readdirSync } from 'node:fs';
import type { Piscina } from 'piscina';
import { beforeAll, describe, expect, it } from 'vitest';
import { lanePools } from './lane-pools.fixture.ts';

interface Trained {
  device: string;
  losses: number[];
  kernel: number[];
  backing: Record<'convolution' | 'gradient' | 'optimizer', string>;
  threadCount: number;
}

const laneCount = 3;
const common = { logicalCpuDevices: laneCount + 1, intraOpThreads: 2 };
const lane = lanePools(new URL('./lane.fixture.mjs', import.meta.url), laneCount);
const tasks = '/proc/self/task';

describe('three lanes on three logical devices', () => {
  let together: Trained[];
  let alone: Trained[];

  beforeAll(async () => {
    const devices = ['cpu:1', 'cpu:2', 'cpu:3'] as const;
    const train = (pool: Piscina, meet: boolean): Promise<Trained> => pool.run({ stepCount: 25, together: meet });
    const lanes = devices.map((device) => lane({ device, ...common }));
    together = await Promise.all(lanes.map((one) => train(one, true)));
    alone = [];
    for (const one of lanes) alone.push(await train(one, false));
  });

  it('learn', () => {
    for (const { losses } of together) expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('get results bit-equal to those of a single lane and of the other lanes with the same start', () => {
    for (const [index, one] of together.entries()) {
      expect(one.losses).toEqual(alone[index]!.losses);
      expect(one.kernel).toEqual(alone[index]!.kernel);
      expect(one.losses).toEqual(together[0]!.losses);
    }
  });

  it("keep a convolution's output, its gradient and the optimizer's slots on their own device", () => {
    for (const { device, backing } of together) {
      const name = `/job:localhost/replica:0/task:0/device:${device.toUpperCase()}`;
      expect(backing).toEqual({ convolution: name, gradient: name, optimizer: name });
    }
  });

  it.skipIf(!existsSync(tasks))('have their own pools: threads for each logical device, and no more', async () => {
    const before = readdirSync(tasks).length;
    const { threadCount } = (await lane({ device: 'cpu:0', ...common }).run({
      stepCount: 1,
      together: false,
    })) as Trained;
    // With a shared pool, another lane would add none of these threads.
    const pools = common.logicalCpuDevices * common.intraOpThreads;
    expect(threadCount - before).toBeGreaterThanOrEqual(pools);
    // Node's own thread and TensorFlow's inter-op pool of one thread, with a margin of one.
    expect(threadCount - before).toBeLessThanOrEqual(pools + 3);
  });

  it('are rejected with other process settings than the first', async () => {
    const other = lane({ device: 'cpu:0', ...common, intraOpThreads: 3 });
    await expect(other.run({ stepCount: 1, together: false })).rejects.toThrow(
      /runs in this process with .*"intraOpThreads":2.* requested .*"intraOpThreads":3/,
    );
  });

  it('are rejected with an unknown device, and the error lists the devices', async () => {
    const other = lane({ device: 'gpu:7', ...common });
    await expect(other.run({ stepCount: 1, together: false })).rejects.toThrow(
      'There is no device gpu:7; TensorFlow has cpu:0, cpu:1, cpu:2, cpu:3.',
    );
  });
});
