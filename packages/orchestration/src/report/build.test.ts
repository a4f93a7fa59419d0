import { stackerFromJson } from '@chorus/models';
import { describe, expect, it } from 'vitest';
import { Slices } from '../run/slices.ts';
import type { Choice } from '../stacking/choose.ts';
import { reportMistakes, reportStackers, type TestOutputs } from './build.ts';

const classes = ['a', 'b'];
const imageCount = 30;
/** Probabilities [images, 2] of a classifier that misclassifies the first `wrong` images, with decreasing confidence. */
function probabilitiesOf(wrong: number): Float32Array {
  return Float32Array.from(
    Array.from({ length: imageCount }, (_, row) => {
      const share = row < wrong ? 0.1 + row / 100 : 0.9;
      return row % 2 === 0 ? [share, 1 - share] : [1 - share, share];
    }).flat(),
  );
}

const test: TestOutputs = {
  paths: Array.from({ length: imageCount }, (_, row) => `${row}.jpg`),
  labels: Int32Array.from({ length: imageCount }, (_, row) => row % 2),
  members: new Map([
    ['one', probabilitiesOf(12)],
    ['two', probabilitiesOf(6)],
  ]),
  stackers: new Map([
    ['mean', probabilitiesOf(0)],
    ['logistic', probabilitiesOf(20)],
  ]),
  // Calibrated by class, which changes predicted classes.
  ensemble: probabilitiesOf(25),
};
const outOfFold = { accuracy: 0.5, logLoss: 1 };
const stacker = stackerFromJson({ kind: 'mean', memberCount: 2, classCount: 2 });
const choice: Choice = {
  stackers: [
    { kind: 'mean', stacker, outOfFold },
    {
      ...{ kind: 'logistic', stacker, outOfFold: { accuracy: 0.75, logLoss: 0.5 } },
      curve: { fit: [2 / 3, 0.25], validation: [1.23456789, 0.5], keptEpochIndex: 1 },
    },
  ],
  chosen: 'logistic',
  notes: [],
  members: [outOfFold, outOfFold],
  chosenOutOfFold: new Float32Array(),
  memberOutOfFold: [],
  bestMember: 1,
};

describe('reportStackers', () => {
  it('has every stacker in the order of the choice, each compared with the best member', async () => {
    const [mean, logistic] = await reportStackers(choice, 'two', test, classes, new Slices());
    expect(mean).toMatchObject({
      ...{ kind: 'mean', chosen: false, outOfFold, test: { count: 30, correct: 30, accuracy: 1 } },
      mcnemar: { against: 'two', onlyStacker: 6, onlyMember: 0 },
      curve: null,
    });
    expect(logistic).toMatchObject({
      ...{ kind: 'logistic', chosen: true, outOfFold: { accuracy: 0.75, logLoss: 0.5 } },
      ...{ test: { count: 30, correct: 5 }, mcnemar: { against: 'two', onlyStacker: 0, onlyMember: 19 } },
      curve: { fit: [0.666667, 0.25], validation: [1.23457, 0.5], keptEpochIndex: 1 },
    });
    // Exact and two-sided: 2 · 2^-6; Holm's method does not change the larger of two p-values.
    expect(mean!.mcnemar.p).toBeCloseTo(2 ** -5, 12);
    expect(mean!.mcnemar.pHolm).toBeCloseTo(2 ** -5, 12);
    expect(logistic!.mcnemar.p).toBeCloseTo(2 ** -18, 12);
    expect(logistic!.mcnemar.pHolm).toBeCloseTo(2 ** -17, 12);
  });
});

describe('reportMistakes', () => {
  it('has the 20 most confident errors of the calibrated ensemble, the worst first', () => {
    const mistakes = reportMistakes(test, classes);
    expect(mistakes.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, row) => `${row}.jpg`));
    expect(mistakes.slice(0, 2)).toMatchObject([
      { label: 'a', predicted: 'b' },
      { label: 'b', predicted: 'a' },
    ]);
    expect(mistakes[0]!.probability).toBeCloseTo(0.9, 6);
    expect(mistakes[1]!.probability).toBeCloseTo(0.89, 6);
  });

  it('is empty for an ensemble without errors', () => {
    expect(reportMistakes({ ...test, ensemble: probabilitiesOf(0) }, classes)).toEqual([]);
  });
});
