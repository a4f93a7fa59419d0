import fc from 'fast-check';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { scoreOverSeeds } from './seed-interval.ts';
import { wilson95 } from './wilson.ts';

const options = { sameImages: true, seed: 0 };

/** Right answers of classifiers: each image has its own difficulty, each seed its own skill. */
function answers(seedCount: number, imageCount: number, { skills }: { skills: number }, seed: number): number[][] {
  const random = xoroshiro128plus(seed);
  const uniform = () => uniformInt(random, 0, 2 ** 24 - 1) / 2 ** 24;
  const difficulties = Array.from({ length: imageCount }, () => 0.4 * uniform());
  return Array.from({ length: seedCount }, () => {
    const skill = skills * (uniform() - 0.5);
    return difficulties.map((difficulty) => Number(uniform() < 1 - difficulty + skill));
  });
}

describe('scoreOverSeeds', () => {
  it('has the mean and the standard deviation of the scores', async () => {
    const { scores, mean, standardDeviation } = await scoreOverSeeds(
      [
        [1, 1, 0, 1],
        [1, 0, 1, 1],
        [1, 1, 1, 1],
      ],
      options,
    );
    expect(scores).toEqual([0.75, 0.75, 1]);
    expect(mean).toBeCloseTo(2.5 / 3, 12);
    expect(standardDeviation).toBeCloseTo(Math.sqrt(1 / 48), 12);
  });

  it('has about the interval of the images alone for one seed', async () => {
    const [only] = answers(1, 1000, { skills: 0 }, 3);
    const { interval, standardDeviation, mean } = await scoreOverSeeds([only!], options);
    const [low, high] = wilson95(Math.round(1000 * mean), 1000);
    expect(interval![0]).toBeCloseTo(low, 2);
    expect(interval![1]).toBeCloseTo(high, 2);
    expect(standardDeviation).toBeNull();
  });

  it.each([true, false])(
    'contains the expected score in about 95 of 100 experiments, sameImages %j',
    async (sameImages) => {
      let covered = 0;
      for (let experiment = 0; experiment < 100; experiment += 1) {
        const seeds = sameImages
          ? answers(5, 200, { skills: 0.1 }, experiment)
          : Array.from({ length: 5 }, (_, index) => answers(1, 200, { skills: 0.1 }, 1000 * index + experiment)[0]!);
        const [low, high] = (await scoreOverSeeds(seeds, { sameImages, seed: experiment })).interval!;
        covered += Number(low <= 0.8 && high >= 0.8);
      }
      expect(covered).toBeGreaterThanOrEqual(88);
    },
  );

  it('is wider with seeds that differ more', async () => {
    const width = async (skills: number) => {
      const [low, high] = (await scoreOverSeeds(answers(5, 500, { skills }, 1), options)).interval!;
      return high - low;
    };
    expect(await width(0.3)).toBeGreaterThan(1.5 * (await width(0)));
  });

  it('contains the mean, in the range of the values', async () => {
    const seeds = fc.array(fc.array(fc.constantFrom(0, 1), { minLength: 7, maxLength: 7 }), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(seeds, async (values) => {
        const { mean, interval } = await scoreOverSeeds(values, options);
        expect(interval![0]).toBeLessThanOrEqual(mean);
        expect(interval![1]).toBeGreaterThanOrEqual(mean);
        expect(interval![0]).toBeGreaterThanOrEqual(0);
        expect(interval![1]).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['no seeds', [], /at least one seed/],
    ['NaN', [[1, Number.NaN]], /finite values, received NaN in row 1 of seed 0/],
    ['other numbers of images', [[1], [1, 0]], /expected 1 values of each seed, received 2 of seed 1/],
  ])('refuses %s', async (_, values, message) => {
    await expect(scoreOverSeeds(values, options)).rejects.toThrow(message);
  });

  it('has no interval without images', async () => {
    expect(await scoreOverSeeds([[], []], options)).toEqual({
      scores: [0, 0],
      mean: 0,
      standardDeviation: 0,
      interval: null,
    });
  });

  it('pauses, and ends with the error of a pause', async () => {
    const pause = () => Promise.reject(new Error('stopped'));
    await expect(scoreOverSeeds([[1, 0]], { ...options, pause })).rejects.toThrow('stopped');
  });
});
