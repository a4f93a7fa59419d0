import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LaneWork } from '../lanes/lane.ts';
import { busyShare, laneTimes, Timeline } from './timeline.ts';

it('records what a lane waited for in each phase', () => {
  const times = [10_000, 40_000, 41_000];
  const timeline = new Timeline(0, () => times.shift()!);
  for (const name of ['images', 'members on other lanes', 'the stackers']) timeline.end(name);
  expect(timeline.seconds).toBe(41);
  const work: LaneWork[] = [
    { task: 'a', kind: 'train', givenAtMs: 10_100, startedAtMs: 10_500, finishedAtMs: 20_500 },
    { task: 'b', kind: 'train', givenAtMs: 20_500, startedAtMs: 20_500, finishedAtMs: 33_000 },
  ];
  expect(laneTimes('gpu:0', work, timeline.phases)).toEqual({
    device: 'gpu:0',
    busySeconds: 22.5,
    tasks: [
      { task: 'a', kind: 'train', seconds: 10 },
      { task: 'b', kind: 'train', seconds: 12.5 },
    ],
    waits: [
      { for: 'images', seconds: 10 },
      { for: 'members on other lanes', seconds: 7.1 },
      { for: 'the stackers', seconds: 1 },
      { for: 'starting its thread and TensorFlow', seconds: 0.4 },
    ],
    spans: [
      { task: 'a', kind: 'train', fromSeconds: 10.5, toSeconds: 20.5 },
      { task: 'b', kind: 'train', fromSeconds: 20.5, toSeconds: 33 },
    ],
  });
});

it('adds up: work and waits make up the whole run, for any tasks', () => {
  const anyLengths = fc.array(fc.nat(50), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(anyLengths, anyLengths, (phaseLengths, workLengths) => {
      let now = 0;
      const timeline = new Timeline(0, () => now);
      for (const length of phaseLengths) {
        now += length;
        timeline.end('x');
      }
      let at = 0;
      const work = workLengths.flatMap((length): LaneWork[] => {
        // A gap before each task, and no task after the end of the run.
        const givenAtMs = Math.min(at + 3, now);
        const startedAtMs = Math.min(givenAtMs + 2, now);
        const finishedAtMs = Math.min(startedAtMs + length, now);
        at = finishedAtMs;
        return [{ task: 't', kind: 'train', givenAtMs, startedAtMs, finishedAtMs }];
      });
      const { busySeconds, waits } = laneTimes('cpu:0', work, timeline.phases);
      const waited = waits.reduce((sum, { seconds }) => sum + seconds, 0);
      expect(waits.every(({ seconds }) => seconds >= 0)).toBe(true);
      expect(busySeconds + waited).toBeCloseTo(now / 1000, 9);
    }),
  );
});

it('counts shards of one name as one task', () => {
  const shard = (startedAtMs: number): LaneWork => {
    return {
      task: 'a/features',
      kind: 'features',
      givenAtMs: startedAtMs,
      startedAtMs,
      finishedAtMs: startedAtMs + 500,
    };
  };
  const { tasks } = laneTimes('cpu:0', [shard(0), shard(500), shard(2000)], []);
  expect(tasks).toEqual([{ task: 'a/features', kind: 'features', seconds: 1.5 }]);
});

it('returns the share of a phase in which lanes worked', () => {
  const work = (startedAtMs: number, finishedAtMs: number): LaneWork[] => [
    { task: 'a', kind: 'train', givenAtMs: startedAtMs, startedAtMs, finishedAtMs },
  ];
  const phase = { waitingFor: 'members', startedAtMs: 1000, finishedAtMs: 5000 };
  expect(busyShare([{ work: work(0, 5000) }, { work: work(3000, 9000) }], phase)).toBe(0.75);
  expect(busyShare([{ work: [] }], { ...phase, finishedAtMs: 1000 })).toBeNull();
});
