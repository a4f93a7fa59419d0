import { expect, it } from 'vitest';
import { oneAhead } from './one-ahead.ts';

it('prepares the next item, and no other, before the caller asks for it', async () => {
  const events: string[] = [];
  const prepare = async (item: number) => {
    events.push(`prepare ${item}`);
    return 10 * item;
  };
  for await (const prepared of oneAhead([1, 2, 3], prepare)) events.push(`use ${prepared}`);
  expect(events).toEqual(['prepare 1', 'prepare 2', 'use 10', 'prepare 3', 'use 20', 'use 30']);
});

it('yields nothing for no items', async () => {
  for await (const prepared of oneAhead([], async () => 0)) expect.fail(`received ${prepared}`);
});

it('aborts the item that it prepares, and waits for it, when the caller leaves', async () => {
  const events: string[] = [];
  const prepare = (item: number, left: AbortSignal) =>
    new Promise<number>((done) => {
      if (item === 1) done(item);
      left.addEventListener('abort', () => {
        events.push(`aborted ${item}`);
        done(item);
      });
    });
  for await (const prepared of oneAhead([1, 2, 3], prepare)) {
    events.push(`use ${prepared}`);
    break;
  }
  expect(events).toEqual(['use 1', 'aborted 1', 'aborted 2']);
});

it('aborts the item that it prepares when the given signal aborts', async () => {
  const stopping = new AbortController();
  const prepare = (item: number, ended: AbortSignal) =>
    new Promise<number>((done, failed) => {
      if (item === 1) done(item);
      ended.addEventListener('abort', () => failed(new Error(`aborted ${item}`)));
    });
  const run = async () => {
    for await (const prepared of oneAhead([1, 2, 3], prepare, stopping.signal)) if (prepared === 1) stopping.abort();
  };
  await expect(run()).rejects.toThrow('aborted 2');
});

it('throws the error of an item once the items before it are used', async () => {
  const used: number[] = [];
  const prepare = async (item: number) => {
    if (item === 2) throw new Error('the second');
    return item;
  };
  const run = async () => {
    for await (const prepared of oneAhead([1, 2, 3], prepare)) used.push(prepared);
  };
  await expect(run()).rejects.toThrow('the second');
  expect(used).toEqual([1]);
});
