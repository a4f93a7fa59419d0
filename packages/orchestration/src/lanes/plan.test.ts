import { describe, expect, it } from 'vitest';
import { type LaneWishes, planLanes } from './plan.ts';

const members = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
const wishes = (changes: Partial<LaneWishes> = {}): LaneWishes => ({
  workers: 'auto',
  runtime: {},
  members,
  ...changes,
});
const noGpu = { processorCount: 2, gpus: [] };
const twoGpus = { processorCount: 8, gpus: ['gpu:0', 'gpu:1'] as const };

describe('planLanes', () => {
  it('takes every GPU there is', () => {
    const { lanes, reason } = planLanes(wishes(), twoGpus);
    expect(lanes.map((lane) => lane.device)).toEqual(['gpu:0', 'gpu:1']);
    expect(reason).toBe('a lane per GPU');
  });

  it('gives every member a logical CPU device where there is no GPU', () => {
    const { lanes } = planLanes(wishes(), noGpu);
    expect(lanes.map((lane) => lane.device)).toEqual(['cpu:0', 'cpu:1', 'cpu:2']);
    expect(lanes.every((lane) => lane.logicalCpuDevices === 3)).toBe(true);
  });

  it.each([
    [1, 3, 1],
    [2, 3, 1],
    [2, 1, 2],
    [16, 3, 6],
    [16, 1, 16],
  ])('of %i processors gives each of %i CPU lanes %i threads', (processorCount, laneCount, threads) => {
    const workers = Array.from({ length: laneCount }, (_, index) => ({ device: `cpu:${index}` as const }));
    const { lanes } = planLanes(wishes({ workers }), { processorCount, gpus: [] });
    expect(lanes.map((lane) => lane.intraOpThreads)).toEqual(workers.map(() => threads));
  });

  it.each([
    [2 * 32 ** 2, 1],
    [32 * 64 ** 2, 1],
    [32 * 96 ** 2, 8],
  ])('gives an op on few pixels one thread: %i pixels a step, %i threads', (stepPixels, threads) => {
    const [lane] = planLanes(wishes({ workers: [{ device: 'cpu:0' }], stepPixels }), {
      ...noGpu,
      processorCount: 8,
    }).lanes;
    expect(lane!.intraOpThreads).toBe(threads);
  });

  it('does not open a lane for each of many members on few processors', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ name: String(index) }));
    expect(planLanes(wishes({ members: many }), noGpu).lanes).toHaveLength(3);
    expect(planLanes(wishes({ members: many }), { ...noGpu, processorCount: 4 }).lanes).toHaveLength(4);
    expect(planLanes(wishes({ members: many, runtime: { logicalCpuDevices: 2 } }), noGpu).lanes).toHaveLength(2);
  });

  it('differs between lanes in the device only: all else is process-wide', () => {
    const { lanes } = planLanes(
      wishes({ workers: [{ device: 'gpu:1', memoryLimitMiB: 8000 }, { device: 'cpu:2' }] }),
      twoGpus,
    );
    const [first, second] = lanes.map(({ device: _, ...settings }) => settings);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ logicalCpuDevices: 3, gpuMemoryLimitsMiB: [null, 8000] });
  });

  it('refuses a device that is not there, and lists those that are', () => {
    expect(() => planLanes(wishes({ workers: [{ device: 'gpu:7' }] }), twoGpus)).toThrow(
      'There is no device gpu:7; this machine has cpu:0, gpu:0, gpu:1.',
    );
    expect(() =>
      planLanes(wishes({ workers: [{ device: 'cpu:4' }], runtime: { logicalCpuDevices: 4 } }), noGpu),
    ).toThrow('this machine has cpu:0, cpu:1, cpu:2, cpu:3. Raise runtime.logicalCpuDevices (now 4)');
  });

  it('refuses a member pinned beyond the lanes that auto found', () => {
    expect(() => planLanes(wishes({ members: [{ name: 'a', worker: 2 }, { name: 'b' }] }), twoGpus)).toThrow(
      'Member a is pinned to worker 2, but there are workers 0 to 1 (gpu:0, gpu:1).',
    );
  });
});
