import { describe, expect, it } from 'vitest';
import { largestDifference } from '../numbers.fixture.ts';
import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { rowLoss } from './row-loss.ts';

describe.each(['cached-logits', 'probabilities'] as FromLogitsOnSigmoid[])('rowLoss by %s', (fromLogitsOnSigmoid) => {
  it.each([
    [[0.7], 1],
    [[-2], 1],
    [[0.3, -1, 2], 0],
    [[0.3, -1, 2], 2],
  ])('of %o has the slopes of finite differences', (logits, label) => {
    const lossOf = (numbers: number[]) => rowLoss(Float64Array.from(numbers), label, fromLogitsOnSigmoid).loss;
    const { slopes } = rowLoss(Float64Array.from(logits), label, fromLogitsOnSigmoid);
    const found = logits.map((_, moved) => {
      const [up, down] = [1e-5, -1e-5].map((step) => lossOf(logits.map((z, at) => z + (at === moved ? step : 0))));
      return (up! - down!) / 2e-5;
    });
    expect(largestDifference(slopes, found)).toBeLessThan(1e-9);
  });

  it.each([
    [[1e4], 0],
    [[-1e4], 1],
    [[1e4, 0, -1e4], 2],
  ])('of %o is finite', (logits, label) => {
    const { loss, slopes } = rowLoss(Float64Array.from(logits), label, fromLogitsOnSigmoid);
    expect([loss, ...slopes].every(Number.isFinite)).toBe(true);
  });
});
