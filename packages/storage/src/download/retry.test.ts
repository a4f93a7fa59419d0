import { describe, expect, it } from 'vitest';
import { TransferFault } from './faults.ts';
import { downloadLimits } from './limits.ts';
import { delayBefore, readRetryAfter, withRetries } from './retry.ts';

describe('delayBefore', () => {
  const limits = { firstDelayMs: 500, longestDelayMs: 3_000 };
  it.each([
    [0, undefined, 0, 250],
    [0, undefined, 1, 500],
    [2, undefined, 0.5, 1_500],
    [9, undefined, 1, 3_000],
    [0, 2_000, 1, 2_000],
    [2, 100, 0, 1_000],
    [0, 9_000, 0, 9_000],
  ])('retry %i, server requests %s ms, draw %d: %i ms', (retryIndex, waitMs, draw, delayMs) => {
    expect(delayBefore(retryIndex, waitMs, draw, limits)).toBe(delayMs);
  });
});

describe('readRetryAfter', () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5x', undefined],
  ])('%s: %s ms', (header, expected) => {
    expect(readRetryAfter(header, now)).toBe(expected);
  });
});

describe('withRetries', () => {
  const limits = { ...downloadLimits, firstDelayMs: 1, longestDelayMs: 8, retryCount: 2 };
  const run = async (errors: Error[]) => {
    const heard: string[] = [];
    const work = async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return 'done';
    };
    const result = await withRetries(work, limits, {
      signal: undefined,
      onRetry: ({ message }) => heard.push(message),
    }).catch((error: Error) => error.message);
    return { result, heard };
  };
  it.each<[string, Error[], string, string[]]>([
    ['retries after a fault', [new TransferFault('a'), new TransferFault('b')], 'done', ['a', 'b']],
    ['throws after the last retry', ['a', 'b', 'c'].map((text) => new TransferFault(text)), 'c', ['a', 'b']],
    ['waits as long as the server requests', [new TransferFault('a', { waitMs: 8 })], 'done', ['a']],
    ['throws when the server requests too long a delay', [new TransferFault('a', { waitMs: 9 })], 'a', []],
    ['does not retry after other errors', [new Error('a')], 'a', []],
  ])('%s', async (_, errors, result, heard) => {
    expect(await run(errors)).toEqual({ result, heard });
  });
});
