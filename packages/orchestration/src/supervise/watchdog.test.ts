import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heartbeat } from './heartbeat.ts';
import { Watchdog } from './watchdog.ts';

interface Lane {
  task?: string | null;
  count?: number;
  isPreparing?: boolean;
  medianMs?: number;
  longestMs?: number;
}

function beatOf(lanes: Lane[], watchdogSeconds = 60): Heartbeat {
  return {
    ...{ kind: 'heartbeat', watchdogSeconds, heapShare: 0 },
    lanes: lanes.map(({ task = 'slim', count = 1, isPreparing = false, medianMs = 0, longestMs = 0 }, index) => ({
      ...{ device: `cpu:${index}`, task, kind: 'train', stage: 'whole', epochIndex: 0, stepIndex: 0 },
      progress: { count, isPreparing, medianMs, longestMs },
    })),
  };
}

/** Sends the heartbeat of each second, and checks; returns the second in which a hang is found. */
function firstHang(seconds: number, beat: (second: number) => Heartbeat | undefined) {
  const watchdog = new Watchdog(0);
  for (let second = 1; second <= seconds; second += 1) {
    const heartbeat = beat(second);
    if (heartbeat !== undefined) watchdog.beat(heartbeat, 1000 * second);
    const hang = watchdog.check(1000 * second);
    if (hang !== undefined) return { second, what: hang.what, tasks: hang.lanes.map(({ task }) => task) };
  }
  return undefined;
}

describe('a watchdog', () => {
  it('names a lane that makes no progress, and no other', () => {
    const hang = firstHang(100, (second) =>
      beatOf([{ task: 'hung' }, { task: 'busy', count: second }, { task: null }]),
    );
    expect(hang).toEqual({ second: 62, what: 'lane', tasks: ['hung'] });
  });

  it('allows ten times the median of the batches, three times the longest wait, and twenty times the limit before a batch', () => {
    expect(firstHang(1000, () => beatOf([{ medianMs: 20_000 }]))!.second).toBe(202);
    expect(firstHang(1000, () => beatOf([{ medianMs: 100, longestMs: 90_000 }]))!.second).toBe(272);
    expect(firstHang(2000, () => beatOf([{ isPreparing: true }]))!.second).toBe(1202);
  });

  it('starts over with each task', () => {
    expect(firstHang(1000, (second) => beatOf([{ task: `task ${Math.floor(second / 50)}` }]))).toBeUndefined();
  });

  it('notices that the main thread is silent', () => {
    const hang = firstHang(200, (second) => (second <= 10 ? beatOf([{ count: second }]) : undefined));
    expect(hang).toEqual({ second: 71, what: 'main thread', tasks: [] });
  });

  it('allows more time before the first heartbeat, while modules are loaded', () => {
    expect(firstHang(2000, () => undefined)).toEqual({ second: 1201, what: 'main thread', tasks: [] });
  });

  it('can be turned off', () => {
    expect(firstHang(5000, (second) => (second < 10 ? beatOf([{}], 0) : undefined))).toBeUndefined();
  });

  it('starts over after its own process was suspended, since the other one was as well', () => {
    const watchdog = new Watchdog(0);
    watchdog.beat(beatOf([{}]), 1000);
    expect(watchdog.check(1000)).toBeUndefined();
    expect(watchdog.check(3_600_000)).toBeUndefined();
    for (let atMs = 3_601_000; atMs <= 3_660_000; atMs += 1000) expect(watchdog.check(atMs)).toBeUndefined();
    expect(watchdog.check(3_661_000)).toMatchObject({ what: 'main thread' });
  });

  it('never fires while every lane makes progress in time, however late the checks are', () => {
    const second = fc.record({ lateMs: fc.integer({ min: 0, max: 20_000 }), hasBeat: fc.boolean() });
    fc.assert(
      fc.property(fc.array(second, { maxLength: 500 }), (seconds) => {
        const watchdog = new Watchdog(0);
        let [nowMs, progressAtMs] = [0, 0];
        for (const [count, { lateMs, hasBeat }] of seconds.entries()) {
          nowMs += 1000 + lateMs;
          if (hasBeat || nowMs - progressAtMs > 38_000) {
            watchdog.beat(beatOf([{ count }]), nowMs);
            progressAtMs = nowMs;
          }
          expect(watchdog.check(nowMs)).toBeUndefined();
        }
      }),
    );
  });
});
