import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureCalibration } from './calibration.ts';
import { calibratedRows, namesOf } from './labeled.fixture.ts';
import { scoreProbabilities } from './score.ts';

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
