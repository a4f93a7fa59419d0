/** The mean of a score over several seeds, with an interval for other seeds and other images. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { percentile95 } from './bootstrap.ts';

export interface SeedScore {
  /** One per seed. */
  scores: number[];
  mean: number;
  /** Sample standard deviation of the scores; null with one seed. */
  standardDeviation: number | null;
  /** A 95 % interval of the mean that allows for both other seeds and other images; null without images. */
  interval: [low: number, high: number] | null;
}

const resampleCount = 2000;

/**
 * Averages a score over seeds. The interval resamples seeds and images, both with replacement (the pigeonhole bootstrap of Owen,
 * 2007, if all seeds have the same images), which is slightly too wide rather than too narrow.
 *
 * @param values per seed, a value per image whose mean is the score, such as 1 for a correct prediction.
 * @param options `sameImages`: whether position i is the same image for every seed; `pause`: called every few milliseconds of work,
 * its errors end the computation.
 * @throws Error without seeds, for values that are not finite, and for different numbers of values of the same images.
 * @example
 * (await scoreOverSeeds([[1, 1, 0, 1], [1, 0, 1, 1]], { sameImages: true, seed: 0 })).mean; // 0.75
 */
export async function scoreOverSeeds(
  values: readonly ArrayLike<number>[],
  { sameImages, seed, pause }: { sameImages: boolean; seed: number; pause?: () => Promise<void> },
): Promise<SeedScore> {
  checkValues(values, sameImages);
  const scores = values.map((one) => sumOf(one) / one.length).map((score) => (Number.isNaN(score) ? 0 : score));
  const mean = sumOf(scores) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const random = xoroshiro128plus(seed);
  const hasImages = values.every(({ length }) => length > 0);
  const drawn: number[] = [];
  while (hasImages && drawn.length < resampleCount) {
    drawn.push(resampledMean(values, sameImages, random));
    await pause?.();
  }
  return {
    scores,
    mean,
    standardDeviation: scores.length === 1 ? null : Math.sqrt(squares / (scores.length - 1)),
    interval: hasImages ? percentile95(drawn) : null,
  };
}

// --- internal ---

function resampledMean(values: readonly ArrayLike<number>[], sameImages: boolean, random: RandomGenerator): number {
  const shared = sameImages ? timesDrawn(values[0]!.length, random) : undefined;
  let sum = 0;
  for (let draw = 0; draw < values.length; draw += 1) {
    const one = values[uniformInt(random, 0, values.length - 1)]!;
    const times = shared ?? timesDrawn(one.length, random);
    let own = 0;
    for (let image = 0; image < one.length; image += 1) own += times[image]! * one[image]!;
    sum += own / one.length;
  }
  return sum / values.length;
}

/** How often each image is in a resample. */
function timesDrawn(count: number, random: RandomGenerator): Uint16Array {
  const times = new Uint16Array(count);
  for (let draw = 0; draw < count; draw += 1) times[uniformInt(random, 0, count - 1)]! += 1;
  return times;
}

function checkValues(values: readonly ArrayLike<number>[], sameImages: boolean): void {
  if (values.length === 0) throw new Error('expected values of at least one seed, received none');
  for (const [index, one] of values.entries()) {
    if (sameImages && one.length !== values[0]!.length)
      throw new Error(`expected ${values[0]!.length} values of each seed, received ${one.length} of seed ${index}`);
    const row = Array.from(one).findIndex((value) => !Number.isFinite(value));
    if (row !== -1) throw new Error(`expected finite values, received ${one[row]} in row ${row} of seed ${index}`);
  }
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index]!;
  return sum;
}
