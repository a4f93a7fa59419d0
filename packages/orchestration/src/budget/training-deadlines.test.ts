import { describe, expect, it } from 'vitest';
import { TrainingDeadlines } from './training-deadlines.ts';

const timed = (seconds: number, predictionSeconds = 0) => ({ seconds, stageStartSeconds: [1], predictionSeconds });

describe('TrainingDeadlines', () => {
  /** Deadlines of trainings on one lane, in seconds; each takes `factor` times as long as estimated, or until its deadline. */
  function deadlines(estimates: number[], endsAtSeconds: number, factor: number): number[] {
    let nowMs = 0;
    const named = new Map(estimates.map((seconds, index) => [String(index), timed(seconds)]));
    const limits = new TrainingDeadlines(named, { endsAtMs: 1000 * endsAtSeconds, laneCount: 1 }, () => nowMs);
    return estimates.map((seconds, index) => {
      const { deadlineAtMs } = limits.start(String(index));
      nowMs = Math.min(deadlineAtMs, nowMs + 1000 * factor * seconds);
      return deadlineAtMs / 1000;
    });
  }

  it.each<[string, number[], number, number, number[]]>([
    ['give each its estimate if that is exactly the time left', [10, 20, 30], 60, 1, [10, 30, 60]],
    ['share the time in proportion if everything takes longer', [10, 20, 30], 30, 2, [5, 15, 30]],
    ['pass saved time on', [10, 20, 30], 60, 0.5, [10, 27, 60]],
  ])('%s', (_, estimates, end, factor, expected) => expect(deadlines(estimates, end, factor)).toEqual(expected));

  it('consider other lanes, predictions and skipped trainings', () => {
    const all = new Map([
      ['a', timed(10, 2)],
      ['b', timed(10)],
      ['c', timed(20)],
      ['kept', timed(1000)],
    ]);
    const limits = new TrainingDeadlines(all, { endsAtMs: 20_000, laneCount: 2 }, () => 0);
    limits.skip('kept');
    expect(limits.start('c').deadlineAtMs).toBe(20_000);
    // 20 s of work are left on two lanes.
    expect(limits.start('a')).toEqual({ deadlineAtMs: 18_000, stageStartSeconds: [1] });
    expect(limits.isOver).toBe(false);
  });

  it('are in the past once the time is up', () => {
    const limits = new TrainingDeadlines(new Map([['a', timed(5)]]), { endsAtMs: 1000, laneCount: 1 }, () => 3000);
    expect(limits.isOver).toBe(true);
    expect(limits.start('a').deadlineAtMs).toBeLessThan(3000);
  });
});
