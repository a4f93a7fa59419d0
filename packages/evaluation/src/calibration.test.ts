import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureCalibration } from './calibration.ts';
import { calibratedRows, namesOf } from './labeled.fixture.ts';
import { scoreProbabilities } from './score.ts';
import { atTemperature, fitTemperature } from './temperature.ts';

describe('measureCalibration', () => {
  it.each([2, 5])('finds hardly any error of a calibrated classifier, with %i classes', (classCount) => {
    const { probabilities, labels } = calibratedRows(20_000, classCount, 1);
    expect(measureCalibration(probabilities, labels, classCount).error).toBeLessThan(0.01);
  });

  it('finds an over-confident one', () => {
    const { probabilities, labels } = calibratedRows(20_000, 3, 1, 3);
    const { error, bins } = measureCalibration(probabilities, labels, 3);
    expect(error).toBeGreaterThan(0.1);
    const last = bins.at(-1)!;
    expect(last.accuracy!).toBeLessThan(last.confidence! - 0.05);
  });

  it('weights the differences of the bins by their images', () => {
    const probabilities = Float32Array.of(0.25, 0.75, 0.75, 0.25, 0, 1);
    const { error, bins } = measureCalibration(probabilities, [1, 1, 1], 2);
    // Two images at 0.75, one of them right; one at 1, right.
    expect(error).toBeCloseTo((2 / 3) * 0.25, 12);
    expect(bins.map(({ count }) => count)).toEqual([...new Array(11).fill(0), 2, 0, 0, 1]);
    expect(bins[0]).toMatchObject({ from: 0, count: 0, confidence: null, accuracy: null });
  });

  it('puts every image into one bin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 2, max: 6 }),
        fc.nat(100),
        (rowCount, classCount, seed) => {
          const { probabilities, labels } = calibratedRows(rowCount, classCount, seed);
          const { error, bins } = measureCalibration(probabilities, labels, classCount);
          expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(rowCount);
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual(1);
          for (const { from, to, confidence } of bins)
            if (confidence !== null) expect(confidence > from - 1e-6 && confidence < to + 1e-6).toBe(true);
        },
      ),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a probability of %d', (broken) => {
    expect(() => measureCalibration(Float32Array.of(broken, 0), [0], 2)).toThrow(/finite/);
  });
});

describe('fitTemperature', () => {
  it.each([
    [2, 0.5],
    [2, 2],
    [4, 0.5],
    [4, 3],
  ])('undoes a power, with %i classes and the power %d', (classCount, power) => {
    const { probabilities, labels } = calibratedRows(20_000, classCount, 5, power);
    const temperature = fitTemperature(probabilities, labels, classCount);
    expect(temperature / power).toBeCloseTo(1, 1);
    const after = atTemperature(probabilities, temperature, classCount);
    expect(measureCalibration(after, labels, classCount).error).toBeLessThan(0.01);
  });

  it('has the lowest loss of all temperatures nearby', () => {
    const { probabilities, labels } = calibratedRows(5000, 3, 6, 2);
    const lossAt = (temperature: number) =>
      scoreProbabilities(atTemperature(probabilities, temperature, 3), labels, namesOf(3)).logLoss;
    const best = fitTemperature(probabilities, labels, 3);
    for (const factor of [0.9, 1.1]) expect(lossAt(best)).toBeLessThan(lossAt(factor * best));
  });

  it.each([
    ['no images', new Float32Array(), [], 1],
    ['one image', Float32Array.of(0.4, 0.6), [1], 1],
  ])('stays near 1 with %s', (_, probabilities, labels, expected) => {
    expect(Math.abs(fitTemperature(probabilities, labels, 2) - expected)).toBeLessThan(0.1);
  });

  it('stays finite for a classifier that is always right, and for one that is always wrong', () => {
    const labels = Array.from({ length: 1000 }, (_, row) => row % 2);
    const right = Float32Array.from(labels.flatMap((label) => [1 - label, label]));
    for (const probabilities of [right, right.map((one) => 1 - one)]) {
      const temperature = fitTemperature(probabilities, labels, 2);
      expect(temperature).toBeGreaterThan(0.01);
      expect(temperature).toBeLessThan(51);
      expect(atTemperature(probabilities, temperature, 2).every(Number.isFinite)).toBe(true);
    }
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
