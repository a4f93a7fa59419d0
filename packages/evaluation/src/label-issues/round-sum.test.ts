import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import golden from '../../../../tools/golden/label-issues.json' with { type: 'json' };
import { pairwiseSum, roundHalfEven, roundKeepingSum } from './round-sum.ts';

test.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [2.51, 3],
  [-0.5, 0],
  [-1.5, -2],
  [7, 7],
])('%d rounds to %d', (value, rounded) => expect(roundHalfEven(value) === rounded).toBe(true));

describe('roundKeepingSum', () => {
  // Of the errors +0.375, +0.375 and +0.25, the last of the largest is raised; of −0.5 and −0.5, the first is lowered.
  test.each([
    [
      [97.375, 1.375, 1.25],
      [97, 2, 1],
    ],
    [
      [97, 1.5, 1.5],
      [97, 1, 2],
    ],
    [
      [0.3, 0.3, 0.4],
      [0, 0, 1],
    ],
    [
      [4, 0, 0],
      [4, 0, 0],
    ],
    [[], []],
  ])('%j', (values, rounded) => expect(roundKeepingSum(values)).toEqual(rounded));

  it('keeps the sum, and changes no number by 1 or more', () => {
    const counts = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(counts, (values) => {
        const rounded = roundKeepingSum(values);
        const sumOf = (all: number[]) => all.reduce((sum, value) => sum + value, 0);
        expect(sumOf(rounded)).toBe(roundHalfEven(sumOf(values)));
        for (const [index, value] of values.entries()) expect(Math.abs(rounded[index]! - value)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('pairwiseSum', () => {
  it.each(golden.sums.map((one) => [one.values.length, one] as const))(
    "equals NumPy's sum of %i numbers to the last bit",
    (_, { values, sum }) => expect(pairwiseSum(Float64Array.from(values))).toBe(sum),
  );
});
