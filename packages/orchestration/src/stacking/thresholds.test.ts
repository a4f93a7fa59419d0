import { measureSelection } from '@chorus/evaluation';
import { thresholdsSchema } from '@chorus/models';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { Slices } from '../run/slices.ts';
import { chooseThresholds, findThresholds } from './thresholds.ts';

const labels = Int32Array.from({ length: 200 }, (_, row) => row % 2);
/** The wrong tenth has the lowest probabilities. */
const probabilities = Float32Array.from(
  Array.from(labels, (label, row) => {
    const right = row < 180 ? 0.6 + row / 500 : 0.45;
    return label === 1 ? [1 - right, right] : [right, 1 - right];
  }).flat(),
);
const found = await findThresholds({ probabilities, labels }, 2, new Slices());

describe('findThresholds', () => {
  it('fits a bundle', () => {
    expect(thresholdsSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
  });

  it('accepts all right predictions for an accuracy that they can show, and everything for the accuracy of everything', () => {
    const at = (accuracy: number) => found.answers.find((one) => one.accuracy === accuracy)!.threshold;
    expect(at(0.9)).toBeCloseTo(0.55, 6);
    expect(at(0.99)).toBeCloseTo(0.6, 6);
    expect(at(0.999)).toBeNull();
  });

  it('accepts a share of the predictions, the surest ones', () => {
    for (const { share, threshold } of found.shares)
      expect(measureSelection(probabilities, labels, 2, threshold).coverage).toBeGreaterThanOrEqual(share);
    const at = (share: number) => found.shares.find((one) => one.share === share)!.threshold;
    expect(at(0.9)).toBeCloseTo(0.6, 6);
    expect(measureSelection(probabilities, labels, 2, at(0.5)).coverage).toBeCloseTo(0.5, 2);
  });

  it('lowers the threshold of sets with their coverage', () => {
    const thresholds = found.sets.map(({ threshold }) => threshold);
    expect(thresholds).toEqual(thresholds.toSorted((a, b) => b - a));
  });
});

describe('chooseThresholds', () => {
  it('looks up what is wanted', () => {
    expect(chooseThresholds(found, {})).toEqual({ answer: undefined, set: undefined });
    expect(chooseThresholds(null, {})).toEqual({ answer: undefined, set: undefined });
    expect(chooseThresholds(found, { answeredShare: 0.9 })).toEqual({
      answer: found.shares.find(({ share }) => share === 0.9)!.threshold,
      set: undefined,
    });
    expect(chooseThresholds(found, { minAccuracy: 0.9, coverage: 0.95 })).toEqual({
      answer: found.answers[0]!.threshold,
      set: found.sets[1]!.threshold,
    });
  });

  it('accepts nothing where no threshold reaches the accuracy', () => {
    const none = { answers: [{ accuracy: 0.99, threshold: null }], shares: [], sets: [] };
    expect(chooseThresholds(none, { minAccuracy: 0.99 }).answer).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    [
      { minAccuracy: 0.97 },
      /^Expected one of 0\.9, 0\.95, 0\.98, 0\.99, 0\.995, 0\.999 as accuracy, received 0\.97\.$/,
    ],
    [
      { answeredShare: 0.97 },
      /^Expected one of 0\.5, 0\.6, 0\.7, 0\.8, 0\.9, 0\.95, 0\.98, 0\.99 as answered share, received 0\.97\.$/,
    ],
    [
      { answeredShare: 0.9, minAccuracy: 0.99 },
      /^Expected either an accuracy or a share of the images to answer, received both \(0\.99 and 0\.9\)\.$/,
    ],
    [{ coverage: Number.NaN }, /^Expected one of 0\.9, 0\.95, 0\.99 as coverage, received NaN\.$/],
  ])('refuses %j', (wanted, message) => {
    expect(() => chooseThresholds(found, wanted)).toThrow(ConfigError);
    expect(() => chooseThresholds(found, wanted)).toThrow(message);
  });

  it('refuses a bundle of an earlier version, which has none for shares', () => {
    const earlier = thresholdsSchema.parse({ answers: found.answers, sets: found.sets });
    expect(() => chooseThresholds(earlier, { answeredShare: 0.9 })).toThrow(
      'This bundle has no thresholds by answered share: an earlier version of Chorus wrote it; train again.',
    );
  });

  it('refuses a bundle without thresholds', () => {
    expect(() => chooseThresholds(null, { coverage: 0.9 })).toThrow(
      /^This bundle has no thresholds: .*; train again, with stacking of kind holdout or kfold\.$/,
    );
  });
});
