import { expect, it } from 'vitest';
import { observerFrom, type RunObserver } from './observer.ts';

const noProgress = { stage: 'head', epochIndex: 0, stepIndex: 0, stepCount: 1, loss: 1, learningRate: 1 } as const;

it('forwards the events that a partial observer handles, and ignores the rest', () => {
  const received: unknown[][] = [];
  const observer = observerFrom({
    onDecode: (...args) => received.push(['onDecode', ...args]),
    onMember: (...args) => received.push(['onMember', ...args]),
  });
  observer.onDecode(1, 2);
  observer.onCompare(1, 2);
  observer.onStage('one', 'head');
  observer.onBatch('one', noProgress);
  observer.onNotice('a notice');
  observer.onMember('one', { state: 'skipped' });
  expect(received).toEqual([
    ['onDecode', 1, 2],
    ['onMember', 'one', { state: 'skipped' }],
  ]);
});

it('calls the methods of an instance of a class, on that instance', () => {
  class NoticeCounter implements Partial<RunObserver> {
    count = 0;
    onNotice(): void {
      this.count += 1;
    }
  }
  const counter = new NoticeCounter();
  observerFrom(counter).onNotice('one');
  expect(counter.count).toBe(1);
});

it.each<[string, unknown, RegExp]>([
  ['an error', new RangeError('of the listener'), /the observer's onDecode threw: RangeError: of the listener\n\s+at /],
  ['something else', 'a text', /the observer's onDecode threw: a text/],
])('turns the error of a callback into a process warning: %s', async (_, thrown, message) => {
  const warned = new Promise<Error>((done) => process.once('warning', done));
  const observer = observerFrom({
    onDecode() {
      throw thrown;
    },
  });
  expect(() => observer.onDecode(1, 2)).not.toThrow();
  expect((await warned).message).toMatch(message);
});
