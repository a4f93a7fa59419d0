import { expect, it } from 'vitest';
import {
  countBatch,
  countProgressIn,
  expectTask,
  prepareBatch,
  readProgress,
  sharedProgress,
  startTask,
} from './lane-progress.ts';

it('counts batches and what comes between them, per task', () => {
  const shared = sharedProgress();
  expectTask(shared);
  // A lane that has not started its thread is preparing.
  expect(readProgress(shared)).toEqual({ count: 0, isPreparing: true, medianMs: 0, longestMs: 0 });
  // A thread that is no lane counts nothing.
  countBatch();
  countProgressIn(shared);
  startTask();
  expect(readProgress(shared)).toMatchObject({ count: 1, isPreparing: true });
  countBatch();
  expect(readProgress(shared)).toMatchObject({ count: 2, isPreparing: false });
  prepareBatch();
  expect(readProgress(shared)).toMatchObject({ count: 3, isPreparing: true });
  for (let batch = 0; batch < 200; batch += 1) countBatch();
  const { count, medianMs, longestMs } = readProgress(shared);
  expect(count).toBe(203);
  expect(longestMs).toBeGreaterThanOrEqual(medianMs);
  expect(medianMs).toBeGreaterThan(0);
  expectTask(shared);
  expect(readProgress(shared)).toEqual({ count: 203, isPreparing: true, medianMs: 0, longestMs: 0 });
});
