import type { SeedsSummary } from '@chorus/orchestration';
import { expect, it } from 'vitest';
import { seedsTable } from './seeds-table.ts';

it('lists the mean, the spread and the scores of every seed', () => {
  const score = (scores: number[], mean: number): SeedsSummary['ensemble']['accuracy'] => {
    return { scores, mean, standardDeviation: 0.011, interval: [0.9, 0.99] };
  };
  const scores = { accuracy: score([0.95, 0.97], 0.96), logLoss: score([0.1, 0.2], 0.15) };
  const summary = {
    schemaVersion: 1,
    seeds: [3, 4],
    sameImages: true,
    testCounts: [50, 50],
    ensemble: scores,
  } as const;
  const text = seedsTable({ ...summary, seeds: [3, 4], testCounts: [50, 50], members: { wide: scores } }, '/runs/a');
  expect(text).toBe(
    [
      '',
      '          accuracy  SD    95 % interval  log loss  of each seed',
      'ensemble    96.0 %  1.1  90.0 to 99.0 %    0.1500     95.0 97.0',
      'wide        96.0 %  1.1  90.0 to 99.0 %    0.1500     95.0 97.0',
      'means over the seeds 3 to 4 on the same 50 test images; SD in percentage points; the intervals allow for other seeds and other images',
      'summary: /runs/a/seeds.json',
      'runs: /runs/a/seed-3 and 1 more',
    ].join('\n'),
  );
});
