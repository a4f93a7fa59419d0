import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MicroBatches } from './micro-batches.ts';

/** Waits as long as a busy machine needs. */
const eventually = (check: () => unknown) => vi.waitFor(check, 60_000);

let batches: number[][];
/** Ends the batch that runs. */
let end: (error?: Error) => void;

beforeEach(() => {
  vi.useFakeTimers();
  batches = [];
});
afterEach(() => vi.useRealTimers());

function collect(size: number, delayMs: number) {
  return new MicroBatches<number, string>({
    ...{ size, delayMs },
    run(items) {
      batches.push(items);
      return new Promise((resolve, reject) => {
        end = (error) => (error === undefined ? resolve(items.map((item) => `${item}!`)) : reject(error));
      });
    },
  });
}

describe('MicroBatches', () => {
  it('runs an item at once when idle, and those that arrive meanwhile together, up to the size', async () => {
    const micro = collect(2, 0);
    const first = micro.add(1);
    const others = [2, 3, 4].map((item) => micro.add(item));
    expect(batches).toEqual([[1]]);
    end();
    expect(await first).toEqual({ result: '1!', batchCount: 1 });
    await eventually(() => expect(batches).toEqual([[1], [2, 3]]));
    end();
    await eventually(() => expect(batches).toEqual([[1], [2, 3], [4]]));
    end();
    expect(await Promise.all(others)).toEqual([
      { result: '2!', batchCount: 2 },
      { result: '3!', batchCount: 2 },
      { result: '4!', batchCount: 1 },
    ]);
  });

  it('waits for others no longer than the delay, and not when a batch is full', async () => {
    const micro = collect(3, 20);
    const first = [micro.add(1), micro.add(2)];
    vi.advanceTimersByTime(19);
    expect(batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(batches).toEqual([[1, 2]]);
    end();
    await Promise.all(first);
    for (const item of [3, 4, 5]) void micro.add(item);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('passes the error of a batch to its items only', async () => {
    const micro = collect(2, 0);
    const first = micro.add(1);
    const others = [micro.add(2), micro.add(3)];
    end(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await eventually(() => expect(batches).toHaveLength(2));
    end();
    expect((await Promise.all(others)).map(({ result }) => result)).toEqual(['2!', '3!']);
  });
});
