import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conformalThreshold, measureSets, predictionSet } from './conformal.ts';
import { calibratedRows } from './labeled.fixture.ts';
import { measureSelection, thresholdForAccuracy, thresholdForShare } from './selective.ts';

describe('conformal prediction sets', () => {
  it.each([
    [2, 0.9],
    [2, 0.95],
    [5, 0.9],
    [5, 0.95],
  ])('contain the true class of new images as often as wanted, with %i classes at %d', (classCount, coverage) => {
    const known = calibratedRows(4000, classCount, 1);
    const unseen = calibratedRows(4000, classCount, 2);
    const threshold = conformalThreshold(known.probabilities, known.labels, classCount, coverage);
    const found = measureSets(unseen.probabilities, unseen.labels, classCount, threshold);
    expect(Math.abs(found.coverage! - coverage)).toBeLessThan(0.02);
    expect(found.meanSize!).toBeLessThan(classCount);
  });

  it('take the rank of the definition', () => {
    // Four images: rank ⌈5 × 0.75⌉ = 4, the least probable true class; 5 × 0.6 = 3.
    const probabilities = Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.6, 0.4, 0.3, 0.7);
    const threshold = (coverage: number) => conformalThreshold(probabilities, [0, 0, 0, 0], 2, coverage);
    expect(threshold(0.75)).toBeCloseTo(0.3, 6);
    expect(threshold(0.6)).toBeCloseTo(0.6, 6);
    expect(threshold(0.9)).toBe(0);
  });

  it('list their classes by probability', () => {
    expect(predictionSet(Float32Array.of(0.25, 0.5, 0.25), 0.25)).toEqual([1, 0, 2]);
    expect(predictionSet(Float32Array.of(0.25, 0.5, 0.25), 0.6)).toEqual([]);
  });

  it.each([0, 1, -0.5, Number.NaN])('refuse a coverage of %d', (coverage) => {
    expect(() => conformalThreshold(Float32Array.of(0.5, 0.5), [0], 2, coverage)).toThrow(/coverage/);
  });

  it('are undefined without images', () => {
    expect(conformalThreshold(new Float32Array(), [], 2, 0.9)).toBe(0);
    expect(measureSets(new Float32Array(), [], 2, 0.5)).toEqual({
      ...{ coverage: null, meanSize: null, single: null, empty: null },
    });
  });
});

describe('selective prediction', () => {
  it('answers as many images as possible with the wanted accuracy', () => {
    const probabilities = Float32Array.of(0.05, 0.95, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7);
    const labels = [1, 1, 0, 1];
    const at = (accuracy: number) => thresholdForAccuracy(probabilities, labels, 2, accuracy);
    // Four images cannot show 90 %, for which it takes ten.
    expect(at(0.6)).toEqual({ threshold: Math.fround(0.7), coverage: 1, accuracy: 0.75 });
    expect(at(0.75)).toEqual({ threshold: Math.fround(0.7), coverage: 1, accuracy: 0.75 });
    expect(at(0.5)).toEqual({ threshold: Math.fround(0.7), coverage: 1, accuracy: 0.75 });
    expect(at(0.9)).toBeNull();
  });

  it('stops where the accuracy would fall below the wanted one', () => {
    // 100 right images, then wrong ones.
    const confidences = Array.from({ length: 110 }, (_, row) => 0.99 - row / 1000);
    const probabilities = Float32Array.from(confidences.flatMap((one) => [1 - one, one]));
    const labels = confidences.map((_, row) => Number(row < 100));
    expect(thresholdForAccuracy(probabilities, labels, 2, 0.99)).toEqual({
      threshold: Math.fround(confidences[100]!),
      coverage: 101 / 110,
      accuracy: 100 / 101,
    });
    expect(thresholdForAccuracy(probabilities, labels, 2, 0.995)).toBeNull();
  });

  it('is impossible where the most confident images are wrong', () => {
    expect(thresholdForAccuracy(Float32Array.of(0.1, 0.9, 0.6, 0.4), [0, 0], 2, 0.6)).toBeNull();
    expect(thresholdForAccuracy(new Float32Array(), [], 2, 0.9)).toBeNull();
  });

  it('answers at least a share of the images, and as few more as possible', () => {
    const rows = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 4 }), fc.nat(200));
    fc.assert(
      fc.property(rows, fc.double({ min: 0.01, max: 1, noNaN: true }), ([count, classCount, seed], share) => {
        const { probabilities, labels } = calibratedRows(count, classCount, seed);
        const coverageAt = (threshold: number) =>
          measureSelection(probabilities, labels, classCount, threshold).coverage;
        const threshold = thresholdForShare(probabilities, classCount, share);
        expect(coverageAt(threshold)).toBeGreaterThanOrEqual(share - 1e-9);
        // Without the images of this very confidence, it would be too few.
        expect(coverageAt(threshold + 1e-7)).toBeLessThan(share);
      }),
    );
  });

  it.each([0, 1.1, Number.NaN])('refuses a share of %d', (share) => {
    expect(() => thresholdForShare(Float32Array.of(0.5, 0.5), 2, share)).toThrow(/expected a share above 0/);
  });

  it('refuses to answer a share of no images', () => {
    expect(() => thresholdForShare(new Float32Array(), 2, 0.9)).toThrow(/at least one image, received none/);
  });

  it('measures the same as it promises on the same images', () => {
    const rows = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 4 }), fc.nat(200));
    fc.assert(
      fc.property(rows, fc.double({ min: 0.3, max: 0.99, noNaN: true }), ([rowCount, classCount, seed], accuracy) => {
        const { probabilities, labels } = calibratedRows(rowCount, classCount, seed);
        const found = thresholdForAccuracy(probabilities, labels, classCount, accuracy);
        if (found === null) return;
        expect(found.accuracy).toBeGreaterThanOrEqual(accuracy);
        expect(measureSelection(probabilities, labels, classCount, found.threshold)).toEqual(found);
      }),
    );
  });

  it.each([0, -1, 1, 1.5, Number.NaN])('refuses an accuracy of %d', (accuracy) => {
    expect(() => thresholdForAccuracy(Float32Array.of(0.5, 0.5), [0], 2, accuracy)).toThrow(/accuracy/);
  });
});
