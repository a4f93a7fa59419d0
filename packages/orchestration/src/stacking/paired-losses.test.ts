import { describe, expect, it } from 'vitest';
import { pairedGain, surpriseOf } from './paired-losses.ts';

describe('surpriseOf', () => {
  it('is the mean loss of wrong images with the same confidence', () => {
    const probabilities = Float32Array.of(0.9, 0.1, 0.2, 0.8);
    expect(surpriseOf(probabilities, 2)).toBeCloseTo(-(Math.log(0.1) + Math.log(0.2)) / 2, 6);
  });

  it('is finite for certain predictions', () => {
    expect(surpriseOf(Float32Array.of(1, 0, 0), 3)).toBeCloseTo(-Math.log(1e-7));
  });
});

describe('pairedGain', () => {
  it('has the standard error of the mean difference', () => {
    const { gain, standardError } = pairedGain(Float64Array.of(3, 5, 7), Float64Array.of(2, 3, 4));
    expect(gain).toBe(2);
    // The differences 1, 2 and 3 have a variance of 1.
    expect(standardError).toBeCloseTo(Math.sqrt(1 / 3), 12);
  });

  it.each([0, 1])('has none for %d images', (count) => {
    const losses = new Float64Array(count);
    expect(pairedGain(losses, losses)).toEqual({ gain: 0, standardError: Number.POSITIVE_INFINITY });
  });
});
