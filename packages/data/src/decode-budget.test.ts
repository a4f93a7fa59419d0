import { describe, expect, it } from 'vitest';
import { PixelBudget, withinTime } from './decode-budget.ts';

const hour = 3_600_000;

/** Work that runs until the test ends it. */
function job(name: string, log: string[]) {
  let resolve!: (value: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((onEnd, onFail) => {
    resolve = onEnd;
    reject = onFail;
  });
  const work = () => {
    log.push(name);
    return promise;
  };
  return { work, end: () => resolve(name), fail: () => reject(new Error(`${name} failed`)) };
}

/** Lets all runnable work proceed. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('PixelBudget', () => {
  it('starts work in order, within the remaining budget', async () => {
    const log: string[] = [];
    const [a, b, c] = [job('a', log), job('b', log), job('c', log)];
    const budget = new PixelBudget(100);
    const results = [budget.run(60, hour, a.work), budget.run(50, hour, b.work), budget.run(10, hour, c.work)];
    await settle();
    // c would fit, but waits for b.
    expect(log).toEqual(['a']);
    a.end();
    await settle();
    expect(log).toEqual(['a', 'b', 'c']);
    b.end();
    c.end();
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  });

  it('releases the pixels of failed work', async () => {
    const budget = new PixelBudget(100);
    await expect(budget.run(100, hour, () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
    await expect(budget.run(100, hour, async () => 'next')).resolves.toBe('next');
  });

  it('abandons work that exceeds its time, and releases its pixels only when it ends', async () => {
    const log: string[] = [];
    const [slow, next] = [job('slow', log), job('next', log)];
    const budget = new PixelBudget(100);
    await expect(budget.run(100, 1, slow.work)).rejects.toThrow('took longer than 1 ms to decode');
    const waiting = budget.run(100, hour, next.work);
    await settle();
    expect(log).toEqual(['slow']);
    slow.fail();
    await settle();
    expect(log).toEqual(['slow', 'next']);
    next.end();
    await waiting;
  });
});

describe('withinTime', () => {
  it('passes on results and errors that arrive in time', async () => {
    await expect(withinTime(Promise.resolve(3), hour)).resolves.toBe(3);
    await expect(withinTime(Promise.reject(new Error('bad')), hour)).rejects.toThrow('bad');
  });
});
