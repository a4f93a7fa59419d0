import { describe, expect, it } from 'vitest';
import { type LanePlanRequest, planLanes } from './plan.ts';

const members = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
const request = (changes: Partial<LanePlanRequest> = {}): LanePlanRequest => ({
  workers: 'auto',
  runtime: {},
  members,
  ...changes,
});
const noGpu = { processorCount: 2, gpus: [] };
const twoGpus = { processorCount: 8, gpus: ['gpu:0', 'gpu:1'] as const };

describe('planLanes', () => {
  it('uses every GPU', () => {
    const { lanes, reason } = planLanes(request(), twoGpus);
    expect(lanes.map((lane) => lane.device)).toEqual(['gpu:0', 'gpu:1']);
    expect(reason).toBe('one lane per GPU');
  });

  it.each([
    [1, ['cpu:0', 'cpu:1']],
    [2, ['cpu:0', 'cpu:1']],
    [8, ['cpu:0', 'cpu:1', 'cpu:2']],
  ])('uses logical CPU devices without a GPU: with %i processors and three members, %o', (processorCount, devices) => {
    const { lanes } = planLanes(request(), { ...noGpu, processorCount });
    expect(lanes.map((lane) => lane.device)).toEqual(devices);
    expect(lanes.every((lane) => lane.logicalCpuDevices === devices.length)).toBe(true);
  });

  it.each([
    [1, 3, 1],
    [2, 3, 2],
    [2, 2, 2],
    [2, 1, 2],
    [16, 3, 11],
    [16, 8, 4],
    [16, 1, 16],
  ])('with %i processors, gives each of %i CPU lanes %i threads', (processorCount, laneCount, threads) => {
    const workers = Array.from({ length: laneCount }, (_, index) => ({ device: `cpu:${index}` as const }));
    const { lanes } = planLanes(request({ workers }), { processorCount, gpus: [] });
    expect(lanes.map((lane) => lane.intraOpThreads)).toEqual(workers.map(() => threads));
  });

  it.each([
    [1, 2 * 32 ** 2, 1],
    [1, 32 * 64 ** 2, 1],
    [1, 32 * 96 ** 2, 8],
    [2, 32 * 96 ** 2, 1],
    [2, 32 * 128 ** 2, 1],
    [2, 32 * 160 ** 2, 8],
  ])(
    'gives ops on few pixels one thread: %i lanes, %i pixels per step, %i threads',
    (laneCount, stepPixels, threads) => {
      const workers = Array.from({ length: laneCount }, (_, index) => ({ device: `cpu:${index}` as const }));
      const { lanes } = planLanes(request({ workers, stepPixels }), { ...noGpu, processorCount: 8 });
      expect(lanes.map((lane) => lane.intraOpThreads)).toEqual(workers.map(() => threads));
    },
  );

  it('does not open a lane for each of many members on few processors', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ name: String(index) }));
    expect(planLanes(request({ members: many }), noGpu).lanes).toHaveLength(2);
    expect(planLanes(request({ members: many }), { ...noGpu, processorCount: 4 }).lanes).toHaveLength(4);
    expect(planLanes(request({ members: many, runtime: { logicalCpuDevices: 3 } }), noGpu).lanes).toHaveLength(3);
  });

  it('differs between lanes only in the device; all other settings are process-wide', () => {
    const { lanes } = planLanes(
      request({ workers: [{ device: 'gpu:1', memoryLimitMiB: 8000 }, { device: 'cpu:2' }] }),
      twoGpus,
    );
    const [first, second] = lanes.map(({ device: _, ...settings }) => settings);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ logicalCpuDevices: 3, gpuMemoryLimitsMiB: [null, 8000] });
  });

  it('43: refuses a device that does not exist, and lists those that do', () => {
    expect(() => planLanes(request({ workers: [{ device: 'gpu:7' }] }), twoGpus)).toThrow(
      'There is no device gpu:7; this machine has cpu:0, gpu:0, gpu:1.',
    );
    expect(() =>
      planLanes(request({ workers: [{ device: 'cpu:4' }], runtime: { logicalCpuDevices: 4 } }), noGpu),
    ).toThrow('this machine has cpu:0, cpu:1, cpu:2, cpu:3. Raise runtime.logicalCpuDevices (now 4)');
  });

  it('refuses a member pinned to a lane that auto did not create', () => {
    expect(() => planLanes(request({ members: [{ name: 'a', worker: 2 }, { name: 'b' }] }), twoGpus)).toThrow(
      'Member a is pinned to worker 2, but only workers 0 to 1 exist (gpu:0, gpu:1).',
    );
  });
});
