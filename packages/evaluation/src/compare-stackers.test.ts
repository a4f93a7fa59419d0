import { describe, expect, it, test } from 'vitest';
import { lowestLogLoss } from './choose.ts';
import { compareStackers } from './compare-stackers.ts';
import { majorityShare } from './majority-share.ts';
import { findMistakes } from './mistakes.ts';

/** Probabilities of two classes that predict the given class of each row. */
const probabilitiesOf = (...classes: number[]) =>
  Float32Array.from(classes.flatMap((label) => (label === 0 ? [0.8, 0.2] : [0.2, 0.8])));

describe('compareStackers', () => {
  const labels = Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1);
  const member = { name: 'one', probabilities: probabilitiesOf(1, 1, 1, 1, 1, 0, 1, 1) };

  it('counts the rows that only one of the two classifies correctly, and adjusts p for the number of stackers', () => {
    const [better, same] = compareStackers(
      [probabilitiesOf(0, 0, 0, 0, 0, 1, 1, 1), member.probabilities],
      member,
      labels,
      2,
    );
    expect(better).toMatchObject({ against: 'one', onlyStacker: 5, onlyMember: 1 });
    // Exact, two-sided: 2 × (C(6,0) + C(6,1)) / 2⁶.
    expect(better!.p).toBeCloseTo(14 / 64, 12);
    expect(better!.pHolm).toBeCloseTo((2 * 14) / 64, 12);
    expect(same).toEqual({ against: 'one', onlyStacker: 0, onlyMember: 0, p: 1, pHolm: 1 });
  });
});

describe('findMistakes', () => {
  it('lists the most confident errors first, up to the limit', () => {
    const probabilities = Float32Array.of(0.6, 0.4, 0.1, 0.9, 0.3, 0.7, 0.9, 0.1);
    const images = { paths: ['a', 'b', 'c', 'd'], labels: [1, 0, 1, 1] };
    const mistakes = findMistakes(probabilities, images, ['x', 'y'], 2);
    expect(mistakes.map(({ path, label, predicted }) => [path, label, predicted])).toEqual([
      ['b', 'x', 'y'],
      ['d', 'y', 'x'],
    ]);
  });
});

test.each([
  [[0, 1, 1, 2], 3, 0.5],
  [[], 2, 0],
])('the majority share of %j is %d', (labels, classCount, expected) =>
  expect(majorityShare(labels, classCount)).toBe(expected),
);

test.each([
  [[0.3, 0.2, 0.25], 1],
  [[0.2, 0.2], 0],
])('lowestLogLoss of %j is %d', (losses, expected) =>
  expect(lowestLogLoss(losses.map((logLoss) => ({ logLoss, accuracy: 0 })))).toBe(expected),
);
