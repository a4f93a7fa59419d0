import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { exactMcnemar, holm, pairedDifference } from './mcnemar.ts';
import { scoreProbabilities } from './score.ts';
import { wilson95 } from './wilson.ts';

describe('wilson95', () => {
  // Reference values: scipy.stats.binomtest(...).proportion_ci(method="wilson").
  test.each([
    [979, 1000, 0.9681097, 0.9862243],
    [0, 10, 0, 0.2775328],
    [10, 10, 0.7224672, 1],
    [1, 2, 0.0945312, 0.9054688],
  ])('%i of %i', (correct, count, low, high) => {
    const interval = wilson95(correct, count);
    expect(interval[0]).toBeCloseTo(low, 6);
    expect(interval[1]).toBeCloseTo(high, 6);
  });

  it('contains the proportion', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, part) => {
        const correct = Math.round(part * count);
        const [low, high] = wilson95(correct, count);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(correct / count);
        expect(high).toBeGreaterThanOrEqual(correct / count);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('exactMcnemar', () => {
  // Two-sided binomial tests of b against b + c at 1/2: 2 · Σ C(n, k) / 2^n.
  test.each([
    [0, 0, 1],
    [5, 5, 1],
    [0, 5, 2 / 32],
    [1, 9, (2 * (1 + 10)) / 1024],
    [10, 2, (2 * (1 + 12 + 66)) / 4096],
  ])('%i against %i', (onlyFirst, onlySecond, p) => {
    expect(exactMcnemar({ onlyFirst, onlySecond })).toBeCloseTo(p, 12);
  });

  it('is symmetric, within (0, 1], and does not underflow with thousands of differences', () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(4000), (onlyFirst, onlySecond) => {
        const p = exactMcnemar({ onlyFirst, onlySecond });
        expect(p).toBe(exactMcnemar({ onlyFirst: onlySecond, onlySecond: onlyFirst }));
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        if (onlyFirst === onlySecond) expect(p).toBe(1);
      }),
    );
  });

  it('counts each discordant image once', () => {
    expect(pairedDifference([true, true, false, false], [true, false, true, false])).toEqual({
      onlyFirst: 1,
      onlySecond: 1,
    });
  });
});

describe('holm', () => {
  it('multiplies the smallest p by the number of tests and never decreases', () => {
    const adjusted = holm([0.04, 0.01, 0.03]);
    expect(adjusted[1]).toBeCloseTo(0.03, 12);
    expect(adjusted[2]).toBeCloseTo(0.06, 12);
    expect(adjusted[0]).toBeCloseTo(0.06, 12);
  });

  it('preserves the order and is never below the unadjusted p', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (pValues) => {
        const adjusted = holm(pValues);
        for (const [index, p] of pValues.entries()) {
          expect(adjusted[index]).toBeGreaterThanOrEqual(p);
          expect(adjusted[index]).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('scoreProbabilities', () => {
  const classes = ['cats', 'dogs'];

  it('counts every image once and matches a manual calculation', () => {
    const score = scoreProbabilities(Float32Array.of(0.9, 0.1, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8), [0, 0, 1, 1], classes);
    expect(score.correct).toBe(3);
    expect(score.confusion).toEqual([
      [1, 1],
      [0, 2],
    ]);
    expect(score.auc).toBe(1);
    expect(score.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.4) + Math.log(0.7) + Math.log(0.8)) / 4, 6);
    expect(score.perClass[0]).toEqual({ class: 'cats', count: 2, correct: 1, recall: 0.5 });
  });

  it('counts ties as one half of the area, and has no area if a class is missing', () => {
    expect(scoreProbabilities(Float32Array.of(0.5, 0.5, 0.5, 0.5), [0, 1], classes).auc).toBe(0.5);
    expect(scoreProbabilities(Float32Array.of(0.5, 0.5, 0.5, 0.5), [0, 0], classes).auc).toBeNull();
  });

  it('averages one-vs-rest areas over classes', () => {
    const score = scoreProbabilities(
      Float32Array.of(0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8),
      [0, 1, 2],
      ['a', 'b', 'c'],
    );
    expect(score.auc).toBe(1);
    expect(score.accuracy).toBe(1);
  });
});

describe('invalid numbers', () => {
  const special = fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    0,
    0.5,
    1,
    1.5,
    2,
  );

  it('are refused by scoreProbabilities, which accepts ties, constants and no images', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }).chain((classCount) =>
          fc.record({
            classCount: fc.constant(classCount),
            rows: fc.array(
              fc.record({
                label: fc.integer({ min: 0, max: classCount - 1 }),
                values: fc.array(special, { minLength: classCount, maxLength: classCount }),
              }),
              { maxLength: 12 },
            ),
          }),
        ),
        ({ classCount, rows }) => {
          const probabilities = Float32Array.from(rows.flatMap(({ values }) => values));
          const labels = rows.map(({ label }) => label);
          const classes = Array.from({ length: classCount }, (_, label) => String(label));
          const score = () => scoreProbabilities(probabilities, labels, classes);
          if (!probabilities.every(Number.isFinite)) expect(score).toThrow(/expected finite probabilities, received/);
          else expect(score().auc ?? 0.5).toSatisfy((auc: number) => auc >= 0 && auc <= 1);
        },
      ),
    );
  });

  it('are refused as labels', () => {
    for (const label of [-1, 2, 0.5, Number.NaN])
      expect(() => scoreProbabilities(Float32Array.of(0.5, 0.5), [label], ['a', 'b'])).toThrow(
        /expected labels from 0 to 1/,
      );
  });

  it('the area equals that of all pairs, with ties as one half', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ label: fc.integer({ min: 0, max: 1 }), tenths: fc.integer({ min: 0, max: 10 }) }), {
          maxLength: 30,
        }),
        (rows) => {
          const probabilities = Float32Array.from(rows.flatMap(({ tenths }) => [1 - tenths / 10, tenths / 10]));
          const { auc } = scoreProbabilities(
            probabilities,
            rows.map(({ label }) => label),
            ['a', 'b'],
          );
          const pairs = rows
            .filter(({ label }) => label === 1)
            .flatMap((one) =>
              rows.filter(({ label }) => label === 0).map((other) => Math.sign(one.tenths - other.tenths)),
            );
          if (pairs.length === 0) expect(auc).toBeNull();
          else expect(auc).toBeCloseTo(pairs.reduce((sum, sign) => sum + (sign + 1) / 2, 0) / pairs.length, 10);
        },
      ),
    );
  });

  it('are refused by tests and intervals', () => {
    const count = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5);
    fc.assert(
      fc.property(count, fc.nat(100), (broken, whole) => {
        expect(() => wilson95(broken, whole)).toThrow('expected a count');
        expect(() => wilson95(whole, broken)).toThrow('expected a count');
        expect(() => exactMcnemar({ onlyFirst: broken, onlySecond: whole })).toThrow('expected two counts');
        expect(() => exactMcnemar({ onlyFirst: whole, onlySecond: broken })).toThrow('expected two counts');
      }),
    );
    for (const p of [Number.NaN, -0.1, 1.1, Number.POSITIVE_INFINITY])
      expect(() => holm([0.5, p])).toThrow('expected probabilities');
    expect(() => wilson95(3, 2)).toThrow('expected a count');
    expect(holm([])).toEqual([]);
  });
});
