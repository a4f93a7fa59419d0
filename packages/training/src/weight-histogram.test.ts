import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weightHistogram } from './weight-histogram.ts';

describe('weightHistogram', () => {
  it('counts each weight in its bucket', () => {
    const weights = Float32Array.from({ length: 61 }, (_, index) => index / 2);
    expect(weightHistogram('head/kernel', weights)).toEqual({
      name: 'head/kernel',
      ...{ minimum: 0, maximum: 30, sum: 915, squareSum: 18452.5 },
      // Two in each bucket of width 1; the last one also has the maximum.
      counts: [...new Array(29).fill(2), 3],
    });
  });

  it('has one bucket for equal weights', () => {
    const { minimum, maximum, counts } = weightHistogram('a', new Float32Array(5).fill(0.5))!;
    expect({ minimum, maximum, counts }).toEqual({ minimum: 0.5, maximum: 0.5, counts: [5] });
  });

  it('leaves out weights that are not finite', () => {
    const weights = Float32Array.of(1, Number.NaN, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const { minimum, maximum, sum, counts } = weightHistogram('a', weights)!;
    expect({ minimum, maximum, sum }).toEqual({ minimum: 1, maximum: 2, sum: 3 });
    expect([counts[0], counts.at(-1), counts.length]).toEqual([1, 1, 30]);
    expect(weightHistogram('a', weights.subarray(3))).toBeUndefined();
  });

  it('counts every finite weight of any range once', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, noNaN: true, noDefaultInfinity: true }), (weights) => {
        const { counts, minimum, maximum } = weightHistogram('a', weights)!;
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(weights.length);
        expect(counts[0]).toBeGreaterThan(0);
        expect(counts.at(-1)).toBeGreaterThan(0);
        expect([minimum, maximum]).toEqual([Math.min(...weights), Math.max(...weights)]);
      }),
    );
  });
});
