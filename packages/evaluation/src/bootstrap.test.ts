import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { bootstrapIntervals, bootstrapLossDifference } from './bootstrap.ts';
import { calibratedRows, type Labeled, namesOf } from './labeled.fixture.ts';
import { scoreProbabilities } from './score.ts';

const scoreOf = ({ probabilities, labels, classCount }: Labeled) =>
  scoreProbabilities(probabilities, labels, namesOf(classCount));

/** Scores of resamples, by the definition. */
function resampledScores({ probabilities, labels, classCount }: Labeled, count: number) {
  const random = xoroshiro128plus(99);
  const rows = Array.from(labels.keys());
  return Array.from({ length: count }, () => {
    const drawn = namesOf(classCount).flatMap((_, label) => {
      const own = rows.filter((row) => labels[row] === label);
      return own.map(() => own[uniformInt(random, 0, own.length - 1)]!);
    });
    const some = Float32Array.from(
      drawn.flatMap((row) => [...probabilities.subarray(row * classCount, (row + 1) * classCount)]),
    );
    return scoreOf({ probabilities: some, labels: Int32Array.from(drawn, (row) => labels[row]!), classCount });
  });
}

function middle95(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[Math.floor(0.025 * values.length)]!, sorted[Math.floor(0.975 * values.length)]!];
}

describe('bootstrapIntervals', () => {
  it.each([
    [2, 200],
    [4, 200],
  ])('are those of scores of resampled images, with %i classes', async (classCount, rowCount) => {
    const rows = calibratedRows(rowCount, classCount, 7);
    // Coarse probabilities, so that many are equal.
    rows.probabilities = rows.probabilities.map((one) => Math.round(one * 16) / 16);
    const found = await bootstrapIntervals(rows.probabilities, rows.labels, classCount, { seed: 1 });
    const scores = resampledScores(rows, 1000);
    for (const key of ['logLoss', 'balancedAccuracy', 'auc'] as const) {
      const [low, high] = middle95(scores.map((score) => score[key]!));
      const width = high - low;
      expect(Math.abs(found[key]![0] - low)).toBeLessThan(0.15 * width);
      expect(Math.abs(found[key]![1] - high)).toBeLessThan(0.15 * width);
    }
  });

  it('depend on the seed only', async () => {
    const { probabilities, labels, classCount } = calibratedRows(50, 3, 2);
    const draw = (seed: number) => bootstrapIntervals(probabilities, labels, classCount, { seed, resampleCount: 50 });
    expect(await draw(5)).toEqual(await draw(5));
    expect(await draw(6)).not.toEqual(await draw(5));
  });

  it.each([
    ['all right', [0.1, 0.9], 1],
    ['all wrong', [0.9, 0.1], 0],
    ['all equal', [0.5, 0.5], 0.5],
  ])('of an area are a point where the order is certain: %s', async (_, [low, high], area) => {
    const labels = [0, 1, 0, 1, 0];
    const probabilities = Float32Array.from(
      labels.flatMap((label) => (label === 1 ? [1 - high!, high!] : [1 - low!, low!])),
    );
    const { auc } = await bootstrapIntervals(probabilities, labels, 2, { seed: 0, resampleCount: 20 });
    expect(auc).toEqual([area, area]);
  });

  it('are null if no class has two images, because all resamples are then the same', async () => {
    const probabilities = Float32Array.of(0.9, 0.1, 0.6, 0.4);
    expect(await bootstrapIntervals(probabilities, [0, 1], 2, { seed: 1, resampleCount: 9 })).toEqual({
      ...{ logLoss: null, balancedAccuracy: null, auc: null },
    });
    const other = Float32Array.of(0.5, 0.5, 0.5, 0.5);
    expect(await bootstrapLossDifference(probabilities, other, [0, 1], 2, { seed: 1, resampleCount: 9 })).toBeNull();
  });

  it('are null where a score is undefined', async () => {
    expect(await bootstrapIntervals(new Float32Array(), [], 3, { seed: 0 })).toEqual({
      ...{ logLoss: null, balancedAccuracy: null, auc: null },
    });
    const oneClass = await bootstrapIntervals(Float32Array.of(0.4, 0.6, 0.4, 0.6), [1, 1], 2, {
      seed: 0,
      resampleCount: 3,
    });
    expect(oneClass).toMatchObject({ auc: null, balancedAccuracy: [1, 1] });
  });

  it('refuses NaN', async () => {
    await expect(bootstrapIntervals(Float32Array.of(Number.NaN, 1), [0], 2, { seed: 0 })).rejects.toThrow(/finite/);
  });

  it('ends with the error of a pause', async () => {
    const { probabilities, labels } = calibratedRows(20, 2, 1);
    const pause = async () => {
      throw new Error('stopped');
    };
    await expect(bootstrapIntervals(probabilities, labels, 2, { seed: 0, pause })).rejects.toThrow('stopped');
  });
});

describe('bootstrapLossDifference', () => {
  it('is narrower than the difference of unpaired losses, and contains the difference', async () => {
    const { probabilities, labels, classCount } = calibratedRows(400, 3, 3);
    const blurred = probabilities.map((one) => 0.9 * one + 0.1 / classCount);
    const paired = await bootstrapLossDifference(probabilities, blurred, labels, classCount, { seed: 1 });
    const loss = (some: Float32Array) => scoreOf({ probabilities: some, labels, classCount }).logLoss;
    expect(paired!.difference).toBeCloseTo(loss(probabilities) - loss(blurred), 9);
    const [low, high] = paired!.interval;
    expect(low).toBeLessThan(paired!.difference);
    expect(high).toBeGreaterThan(paired!.difference);
    const alone = await bootstrapIntervals(probabilities, labels, classCount, { seed: 1 });
    expect(high - low).toBeLessThan(alone.logLoss![1] - alone.logLoss![0]);
  });

  it('is 0 for equal classifiers, and null without images', async () => {
    const { probabilities, labels } = calibratedRows(30, 2, 4);
    const none = await bootstrapLossDifference(probabilities, probabilities, labels, 2, { seed: 1, resampleCount: 9 });
    expect(none).toEqual({ difference: 0, interval: [0, 0] });
    expect(await bootstrapLossDifference(new Float32Array(), new Float32Array(), [], 2, { seed: 1 })).toBeNull();
  });
});
