import { expect, it } from 'vitest';
import { minimize } from './minimize.ts';

it('minimizes an ill-conditioned quadratic function', () => {
  const curvature = [1e-2, 1, 1e4];
  const bottom = [3, -2, 0.5];
  const found = minimize(
    (point) => {
      const distance = point.map((one, index) => one - bottom[index]!);
      return {
        value: distance.reduce((sum, one, index) => sum + (curvature[index]! / 2) * one ** 2, 0),
        gradient: distance.map((one, index) => curvature[index]! * one),
      };
    },
    new Float64Array(3),
    1e-9,
  );
  for (const [index, one] of found.entries()) expect(one).toBeCloseTo(bottom[index]!, 6);
});

it('minimizes a function that is not quadratic', () => {
  // log(e^x + e^−2x): e^3x = 2.
  const evaluate = ([x]: Float64Array) => {
    const [up, down] = [Math.exp(x!), Math.exp(-2 * x!)];
    return { value: Math.log(up + down), gradient: Float64Array.of((up - 2 * down) / (up + down)) };
  };
  expect(minimize(evaluate, Float64Array.of(10), 1e-10)[0]).toBeCloseTo(Math.log(2) / 3, 9);
});

it('returns the lowest point, and says that it has reached the limit, for a function without a minimum', () => {
  let lowest = 0;
  let limits = 0;
  const slope = ([x]: Float64Array) => {
    lowest = Math.min(lowest, x!);
    return { value: x!, gradient: Float64Array.of(1) };
  };
  const found = minimize(slope, new Float64Array(1), 1e-6, () => {
    limits += 1;
  });
  expect(found[0]).toBe(lowest);
  expect(lowest).toBeLessThan(-100);
  expect(limits).toBe(1);
});
