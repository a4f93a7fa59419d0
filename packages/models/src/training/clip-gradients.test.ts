import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipByGlobalNorm } from './clip-gradients.ts';

beforeAll(() => tf.setBackend('cpu'));

const value = fc.double({ min: -1e3, max: 1e3, noNaN: true });
const vector = fc.array(value, { minLength: 1, maxLength: 8 });

/** The clipped gradients' numbers. */
function clipped(gradients: readonly number[][], maximumNorm: number): number[][] {
  return tf.tidy(() => {
    const named = Object.fromEntries(gradients.map((values, index) => [`g${index}`, tf.tensor1d(values)]));
    return Object.values(clipByGlobalNorm(named, maximumNorm)).map((one) => Array.from(one.dataSync()));
  });
}

const normOf = (gradients: readonly number[][]) => Math.hypot(...gradients.flat());

describe('clipByGlobalNorm', () => {
  it('scales all gradients by one factor, to the maximum norm', () => {
    expect(clipped([[3], [0, 4]], 1)[0]![0]).toBeCloseTo(0.6, 6);
    expect(clipped([[3], [0, 4]], 1)[1]).toEqual([0, expect.closeTo(0.8, 6)]);
  });

  it('changes no bit of gradients below the maximum norm', () => {
    expect(clipped([[3], [0, 4]], 5.01)).toEqual([[3], [0, 4]]);
    expect(clipped([[0], [0, 0]], 1)).toEqual([[0], [0, 0]]);
  });

  it('gives a norm of at most the maximum, in the same direction', () => {
    fc.assert(
      fc.property(
        fc.array(vector, { minLength: 1, maxLength: 4 }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (all, maximum) => {
          const found = clipped(all, maximum);
          const norm = normOf(all);
          expect(normOf(found)).toBeLessThanOrEqual(maximum * (1 + 1e-5));
          const factor = norm > maximum ? maximum / norm : 1;
          for (const [index, values] of all.entries())
            for (const [place, one] of values.entries())
              expect(Math.abs(found[index]![place]! - one * factor)).toBeLessThanOrEqual(1e-5 * maximum + 1e-30);
        },
      ),
    );
  });

  it('does not hide gradients that are not finite', () => {
    expect(
      clipped([[Number.NaN], [1]], 1)
        .flat()
        .some(Number.isNaN),
    ).toBe(true);
    expect(
      clipped([[Number.POSITIVE_INFINITY], [1]], 1)
        .flat()
        .some(Number.isNaN),
    ).toBe(true);
  });

  it('leaks no tensor', () => {
    const gradients = { a: tf.ones([2]), b: tf.ones([3]) };
    const before = tf.memory().numTensors;
    tf.dispose(clipByGlobalNorm(gradients, 1));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(gradients);
  });
});
