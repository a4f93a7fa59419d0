import { describe, expect, it } from 'vitest';
import { comparePairs, marginalGains } from './diversity.ts';
import { calibratedRows, namesOf } from './labeled.fixture.ts';

const rowsOf = (seconds: readonly number[]) => Float32Array.from(seconds.flatMap((one) => [1 - one, one]));
const labels = [1, 1, 0, 0];

describe('comparePairs', () => {
  it('counts where members differ, and where both are wrong', () => {
    const members = [rowsOf([0.9, 0.9, 0.1, 0.9]), rowsOf([0.9, 0.1, 0.1, 0.9]), rowsOf([0.9, 0.9, 0.1, 0.1])];
    expect(comparePairs(members, labels, 2)).toEqual([
      { members: [0, 1], disagreement: 0.25, doubleFault: 0.25 },
      { members: [0, 2], disagreement: 0.25, doubleFault: 0 },
      { members: [1, 2], disagreement: 0.5, doubleFault: 0 },
    ]);
  });

  it('refuses no images and NaN', () => {
    expect(() => comparePairs([new Float32Array()], [], 2)).toThrow('expected images, received none');
    expect(() => comparePairs([rowsOf([Number.NaN, 0, 0, 0])], labels, 2)).toThrow(/finite/);
  });
});

describe('marginalGains', () => {
  it('are positive for a good member and negative for a harmful one', () => {
    const { probabilities, labels: drawn, classCount } = calibratedRows(500, 3, 1);
    const reversed = probabilities.map((_, index) => {
      const row = Math.floor(index / classCount);
      return probabilities[row * classCount + (((index % classCount) + 1) % classCount)]!;
    });
    const [first, second, harmful] = marginalGains([probabilities, probabilities, reversed], drawn, namesOf(3));
    expect(first).toBeGreaterThan(0);
    expect(second).toBeCloseTo(first!, 12);
    expect(harmful).toBeLessThan(0);
  });
});
