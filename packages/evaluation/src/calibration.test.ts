import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureCalibration } from './calibration.ts';
import { calibratedRows, namesOf } from './labeled.fixture.ts';
import { scoreProbabilities } from './score.ts';
import { atTemperature, fitTemperature } from './temperature.ts';

describe('measureCalibration', () => {
  it.each([2, 5])('finds hardly any error of a calibrated classifier, with %i classes', async (classCount) => {
    const { probabilities, labels } = calibratedRows(20_000, classCount, 1);
    expect((await measureCalibration(probabilities, labels, classCount)).error).toBeLessThan(0.01);
  });

  it('finds an over-confident one', async () => {
    const { probabilities, labels } = calibratedRows(20_000, 3, 1, 3);
    const { error, bins } = await measureCalibration(probabilities, labels, 3);
    expect(error).toBeGreaterThan(0.1);
    const last = bins.at(-1)!;
    expect(last.accuracy!).toBeLessThan(last.confidence! - 0.05);
  });

  it('weights the differences of the bins by their images', async () => {
    const probabilities = Float32Array.of(0.25, 0.75, 0.75, 0.25, 0, 1);
    const { error, bins } = await measureCalibration(probabilities, [1, 1, 1], 2);
    // Two images at 0.75, one of them right; one at 1, right.
    expect(error).toBeCloseTo((2 / 3) * 0.25, 12);
    expect(bins.map(({ count }) => count)).toEqual([...new Array(11).fill(0), 2, 0, 0, 1]);
    expect(bins[0]).toMatchObject({ from: 0, count: 0, confidence: null, accuracy: null });
  });

  it('puts every image into one bin', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 2, max: 6 }),
        fc.nat(100),
        async (rowCount, classCount, seed) => {
          const { probabilities, labels } = calibratedRows(rowCount, classCount, seed);
          const { error, bins, brier, logLoss } = await measureCalibration(probabilities, labels, classCount);
          const score = scoreProbabilities(probabilities, labels, namesOf(classCount));
          expect({ brier, logLoss }).toEqual({ brier: score.brier, logLoss: score.logLoss });
          expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(rowCount);
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual(1);
          for (const { from, to, confidence } of bins)
            if (confidence !== null) expect(confidence > from - 1e-6 && confidence < to + 1e-6).toBe(true);
        },
      ),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a probability of %d', async (broken) => {
    await expect(measureCalibration(Float32Array.of(broken, 0), [0], 2)).rejects.toThrow(/finite/);
  });
});

describe('fitTemperature', () => {
  it.each([
    [2, 0.5],
    [2, 2],
    [4, 0.5],
    [4, 3],
  ])('undoes a power, with %i classes and the power %d', async (classCount, power) => {
    const { probabilities, labels } = calibratedRows(20_000, classCount, 5, power);
    const temperature = await fitTemperature(probabilities, labels, classCount);
    expect(temperature / power).toBeCloseTo(1, 1);
    const after = atTemperature(probabilities, temperature, classCount);
    expect((await measureCalibration(after, labels, classCount)).error).toBeLessThan(0.01);
  });

  it('has the lowest loss of all temperatures nearby', async () => {
    const { probabilities, labels } = calibratedRows(5000, 3, 6, 2);
    const lossAt = (temperature: number) =>
      scoreProbabilities(atTemperature(probabilities, temperature, 3), labels, namesOf(3)).logLoss;
    const best = await fitTemperature(probabilities, labels, 3);
    for (const factor of [0.9, 1.1]) expect(lossAt(best)).toBeLessThan(lossAt(factor * best));
  });

  it.each([
    ['no images', new Float32Array(), [], 1],
    ['one image', Float32Array.of(0.4, 0.6), [1], 1],
  ])('stays near 1 with %s', async (_, probabilities, labels, expected) => {
    expect(Math.abs((await fitTemperature(probabilities, labels, 2)) - expected)).toBeLessThan(0.1);
  });

  it('stays finite for a classifier that is always right, and for one that is always wrong', async () => {
    const labels = Array.from({ length: 1000 }, (_, row) => row % 2);
    const right = Float32Array.from(labels.flatMap((label) => [1 - label, label]));
    for (const probabilities of [right, right.map((one) => 1 - one)]) {
      const temperature = await fitTemperature(probabilities, labels, 2);
      expect(temperature).toBeGreaterThan(0.01);
      expect(temperature).toBeLessThan(51);
      expect(atTemperature(probabilities, temperature, 2).every(Number.isFinite)).toBe(true);
    }
  });

  it('is the root of the slope of the regularized loss, as found by bisection', async () => {
    const rows = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 5 }), fc.nat(200));
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        async ([rowCount, classCount, seed], power) => {
          const { probabilities, labels } = calibratedRows(rowCount, classCount, seed, power);
          const expected = bisectedTemperature(probabilities, labels, classCount);
          const found = await fitTemperature(probabilities, labels, classCount);
          expect(Math.abs(found / expected - 1)).toBeLessThan(1e-7);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('pauses between rows, and ends with the error of a pause', async () => {
    const { probabilities, labels } = calibratedRows(3000, 100, 1);
    let pauseCount = 0;
    const pause = async () => {
      pauseCount += 1;
      if (pauseCount === 7) throw new Error('stopped');
    };
    await expect(fitTemperature(probabilities, labels, 100, pause)).rejects.toThrow('stopped');
  });
});

it('atTemperature keeps the order of the classes and sums of 1, and changes nothing at 1', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6 }),
      fc.nat(100),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      (classCount, seed, temperature) => {
        const { probabilities } = calibratedRows(5, classCount, seed);
        const scaled = atTemperature(probabilities, temperature, classCount);
        for (let start = 0; start < scaled.length; start += classCount) {
          const row = scaled.subarray(start, start + classCount);
          expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
          const before = probabilities.subarray(start, start + classCount);
          expect(row.indexOf(Math.max(...row))).toBe(before.indexOf(Math.max(...before)));
        }
        const same = atTemperature(probabilities, 1, classCount);
        expect(Math.max(...same.map((one, index) => Math.abs(one - probabilities[index]!)))).toBeLessThan(1e-6);
      },
    ),
  );
});

it('has no limit on the number of classes', async () => {
  const classCount = 200_000;
  const probabilities = new Float32Array(classCount).fill(1 / classCount);
  expect(atTemperature(probabilities, 2, classCount)).toEqual(probabilities);
  expect(await fitTemperature(probabilities, [7], classCount)).toBeCloseTo(1, 9);
});

/** The temperature where the slope of the loss, with a prior of 10 images' strength, is 0. */
function bisectedTemperature(probabilities: Float32Array, labels: Int32Array, classCount: number): number {
  const logs = Array.from(probabilities, (one) => Math.log(Math.max(one, 1e-7)));
  const slopeAt = (exponent: number) =>
    labels.reduce(
      (slope, label, row) => {
        const own = logs.slice(row * classCount, (row + 1) * classCount);
        const powers = own.map((log) => Math.exp(exponent * log));
        const sum = powers.reduce((total, one) => total + one, 0);
        return slope - own[label]! + powers.reduce((mean, power, index) => mean + (power / sum) * own[index]!, 0);
      },
      10 * (exponent - 1),
    );
  let [least, most] = [0.02, 50];
  for (let halving = 0; halving < 60; halving += 1) {
    const middle = (least + most) / 2;
    if (slopeAt(middle) > 0) most = middle;
    else least = middle;
  }
  return 2 / (least + most);
}
