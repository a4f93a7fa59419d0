import { describe, expect, it } from 'vitest';
import { differences, estimate, outcomesOf } from './score-draws.ts';
import { uniformFrom } from './uniform.ts';

describe('outcomesOf', () => {
  it('gives balanced accuracy as a mean, and log losses', () => {
    const probabilities = [0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.7, 0.3];
    const { correct, losses } = outcomesOf([probabilities], [0, 0, 0, 1]);
    // Two of three of the first class, none of the second one.
    expect(estimate(correct).mean).toBeCloseTo(1 / 3, 12);
    expect([...losses[0]!]).toEqual([0.9, 0.6, 0.2, 0.3].map((one) => -Math.log(one)));
  });
});

describe('estimate', () => {
  it('has no interval without variation', () => {
    expect(estimate([new Float64Array(5).fill(2), new Float64Array(5).fill(2)])).toEqual({ mean: 2, interval: [2, 2] });
  });

  it('allows for other images and for other draws', () => {
    const random = uniformFrom(3);
    const ofImages = Float64Array.from({ length: 400 }, random);
    const images = estimate([ofImages, ofImages]);
    // The standard error of a mean of 400 uniform numbers is 0.0144.
    expect(images.interval[1] - images.interval[0]).toBeGreaterThan(0.045);
    expect(images.interval[1] - images.interval[0]).toBeLessThan(0.07);
    const draws = estimate([0, 1, 0, 1].map((value) => new Float64Array(400).fill(value)));
    expect(draws.interval).toEqual([0, 1]);
  });

  it('compares classifiers on the same draws and images', () => {
    const first = [Float64Array.of(1, 0, 1), Float64Array.of(1, 1, 1)];
    const second = [Float64Array.of(0, 0, 1), Float64Array.of(0, 1, 1)];
    expect(differences(first, second).map((one) => [...one])).toEqual([
      [1, 0, 0],
      [1, 0, 0],
    ]);
  });
});
