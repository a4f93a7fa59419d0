import type { RunObserver } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { lineProgress } from './lines.ts';

/** Time that passes when the test says so. */
function fakeClock() {
  let nowMs = 0;
  const calls = new Set<() => void>();
  return {
    now: () => nowMs,
    every(_: number, call: () => void) {
      calls.add(call);
      return () => void calls.delete(call);
    },
    /** Second by second. */
    pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        nowMs += 1000;
        for (const call of calls) call();
      }
    },
  };
}

type Step = (observer: RunObserver) => void;
const batch = {
  stage: 'fine-tune',
  epochIndex: 1,
  stepIndex: 4,
  stepCount: 60,
  loss: 0.5,
  learningRate: 1e-3,
} as const;
const running = (task: string) => (observer: RunObserver) =>
  observer.onMember(task, { state: 'running', device: 'cpu:0' });

describe('lineProgress', () => {
  it.each<[string, Step[], string]>([
    ['the preparation', [], 'preparing: weights, images and devices'],
    ['decoding', [(observer) => observer.onDecode(31, 1000)], 'decoding: 31 of 1000 images'],
    [
      'the comparison',
      [(observer) => observer.onCompare(4, 1000)],
      'looking for copies of one picture: 4 of 1000 images',
    ],
    ['a training that has just begun', [running('wide')], 'wide: started on cpu:0'],
    [
      'an epoch',
      [running('wide'), (observer) => observer.onBatch('wide', batch)],
      'wide: fine-tuning epoch 2, step 5 of 60',
    ],
    [
      'several tasks',
      [running('wide'), running('slim'), (observer) => observer.onStage('slim', 'predict')],
      'wide: started on cpu:0; slim: predicting',
    ],
    [
      'the time after a training',
      [
        (observer) => observer.onDecode(9, 9),
        running('wide'),
        (observer) => observer.onMember('wide', { state: 'failed', reason: 'it', bug: null }),
      ],
      'decoding: 9 of 9 images',
    ],
    ['the stackers', [(observer) => observer.onStacking(1, 12)], 'fitting stackers: 1 of 12 fits'],
    [
      'the test',
      [(observer) => observer.onChoice({ chosen: 'mean' } as Parameters<RunObserver['onChoice']>[0])],
      'testing, and writing the bundle and the report',
    ],
  ])('is never silent for 20 seconds: %s', (_, steps, text) => {
    const clock = fakeClock();
    const lines: { atMs: number; line: string }[] = [];
    const { observer, end } = lineProgress((line) => lines.push({ atMs: clock.now(), line }), clock);
    for (const step of steps) step(observer as RunObserver);
    clock.pass(100);
    const times = [0, ...lines.map(({ atMs }) => atMs), clock.now()];
    const silences = times.slice(1).map((time, index) => time - times[index]!);
    expect(Math.max(...silences)).toBeLessThanOrEqual(20_000);
    expect(lines.at(-1)!.line).toBe(`${text} (90 s since the start)`);
    end();
    const count = lines.length;
    clock.pass(100);
    expect(lines).toHaveLength(count);
  });

  it('says nothing of its own while other lines come', () => {
    const clock = fakeClock();
    const lines: string[] = [];
    const { note } = lineProgress((line) => lines.push(line), clock);
    for (let index = 0; index < 20; index += 1) {
      clock.pass(10);
      note('a line');
    }
    expect(new Set(lines)).toEqual(new Set(['a line']));
  });
});
