import { describe, expect, it } from 'vitest';
import { comparePairs, marginalGains } from './diversity.ts';
import { calibratedRows, namesOf } from './labeled.fixture.ts';
import { scoreProbabilities } from './score.ts';

const rowsOf = (seconds: readonly number[]) => Float32Array.from(seconds.flatMap((one) => [1 - one, one]));
const labels = [1, 1, 0, 0];

describe('comparePairs', () => {
  it('counts where members differ, and where both are wrong', async () => {
    const members = [rowsOf([0.9, 0.9, 0.1, 0.9]), rowsOf([0.9, 0.1, 0.1, 0.9]), rowsOf([0.9, 0.9, 0.1, 0.1])];
    expect(await comparePairs(members, labels, 2)).toEqual([
      { members: [0, 1], disagreement: 0.25, doubleFault: 0.25 },
      { members: [0, 2], disagreement: 0.25, doubleFault: 0 },
      { members: [1, 2], disagreement: 0.5, doubleFault: 0 },
    ]);
  });

  it('refuses no images and NaN', async () => {
    await expect(comparePairs([new Float32Array()], [], 2)).rejects.toThrow('expected images, received none');
    await expect(comparePairs([rowsOf([Number.NaN, 0, 0, 0])], labels, 2)).rejects.toThrow(/finite/);
  });
});

describe('marginalGains', () => {
  it('are positive for a good member and negative for a harmful one', async () => {
    const { probabilities, labels: drawn, classCount } = calibratedRows(500, 3, 1);
    const reversed = probabilities.map((_, index) => {
      const row = Math.floor(index / classCount);
      return probabilities[row * classCount + (((index % classCount) + 1) % classCount)]!;
    });
    const [first, second, harmful] = await marginalGains([probabilities, probabilities, reversed], drawn, 3);
    expect(first).toBeGreaterThan(0);
    expect(second).toBeCloseTo(first!, 12);
    expect(harmful).toBeLessThan(0);
  });

  it('are differences of log losses of means', async () => {
    const members = [1, 2, 3].map((seed) => calibratedRows(200, 4, seed).probabilities);
    const { labels: drawn } = calibratedRows(200, 4, 1);
    const lossOf = (some: readonly Float32Array[]) => {
      const mean = some[0]!.map((_, index) => some.reduce((sum, one) => sum + one[index]! / some.length, 0));
      return scoreProbabilities(mean, drawn, namesOf(4)).logLoss;
    };
    const gains = await marginalGains(members, drawn, 4);
    for (const [index, gain] of gains.entries())
      expect(gain).toBeCloseTo(lossOf(members.toSpliced(index, 1)) - lossOf(members), 6);
  });
});
