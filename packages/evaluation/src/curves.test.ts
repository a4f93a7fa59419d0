import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverageCurve, thresholdCurve } from './curves.ts';
import { scoreProbabilities } from './score.ts';
import { measureSelection } from './selective.ts';

/** The area under the points of a ROC curve, by trapezoids. */
function areaOf(points: readonly { falsePositiveRate: number; recall: number }[]): number {
  return points
    .slice(1)
    .reduce(
      (sum, { falsePositiveRate, recall }, index) =>
        sum + ((falsePositiveRate - points[index]!.falsePositiveRate) * (recall + points[index]!.recall)) / 2,
      0,
    );
}

describe('thresholdCurve', () => {
  it("has the points of scikit-learn's example", () => {
    const curve = thresholdCurve([0.1, 0.4, 0.35, 0.8], [false, false, true, true])!;
    expect(curve.points.map(({ falsePositiveRate }) => falsePositiveRate)).toEqual([0, 0, 0.5, 0.5, 1]);
    expect(curve.points.map(({ recall }) => recall)).toEqual([0, 0.5, 0.5, 1, 1]);
    expect(curve.averagePrecision).toBeCloseTo(5 / 6, 12);
  });

  it('counts equal scores together', () => {
    expect(thresholdCurve([0.5, 0.5, 0.5], [true, false, true])!.points).toEqual([
      { threshold: Number.POSITIVE_INFINITY, falsePositiveRate: 0, recall: 0, precision: 1 },
      { threshold: 0.5, falsePositiveRate: 1, recall: 1, precision: 2 / 3 },
    ]);
  });

  it('has the area that scoreProbabilities states', () => {
    const row = fc.record({ score: fc.integer({ min: 0, max: 8 }), positive: fc.boolean() });
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
        const probabilities = Float32Array.from(rows.flatMap(({ score }) => [1 - score / 8, score / 8]));
        const labels = rows.map(({ positive }) => Number(positive));
        const curve = thresholdCurve(
          rows.map(({ score }) => score),
          rows.map(({ positive }) => positive),
        );
        const { auc } = scoreProbabilities(probabilities, labels, ['no', 'yes']);
        if (auc === null) expect(curve).toBeNull();
        else expect(areaOf(curve!.points)).toBeCloseTo(auc, 9);
      }),
    );
  });

  it.each([
    [[0.5], [true, false], 'expected 2 scores, received 1'],
    [[Number.NaN, 1], [true, false], 'expected finite scores, received NaN'],
  ])('refuses %j for %j', (scores, positives, message) => {
    expect(() => thresholdCurve(scores, positives)).toThrow(message);
  });
});

describe('coverageCurve', () => {
  it('agrees with measureSelection at each of its thresholds', () => {
    const row = fc.record({ score: fc.integer({ min: 0, max: 8 }), label: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const probabilities = Float32Array.from(rows.flatMap(({ score }) => [1 - score / 8, score / 8]));
        const labels = rows.map(({ label }) => label);
        const curve = coverageCurve(probabilities, labels, 2);
        expect(curve.at(-1)!.coverage).toBe(1);
        for (const point of curve) expect(measureSelection(probabilities, labels, 2, point.threshold)).toEqual(point);
      }),
    );
  });
});
