import { expect, it } from 'vitest';
import { fitStraightLine } from './straight-line.ts';

it('fits points on a line exactly', () => {
  const { intercept, slope, largestResidual } = fitStraightLine([500, 1000, 8000].map((x) => ({ x, y: 3 + 0.25 * x })));
  expect(intercept).toBeCloseTo(3, 9);
  expect(slope).toBeCloseTo(0.25, 12);
  expect(largestResidual).toBeCloseTo(0, 12);
});

it('returns the largest deviation', () => {
  // The least-squares line is y = 2.
  const line = fitStraightLine([
    { x: 0, y: 1.5 },
    { x: 1, y: 3 },
    { x: 2, y: 1.5 },
  ]);
  expect(line).toEqual({ intercept: 2, slope: 0, largestResidual: 0.5 });
});
