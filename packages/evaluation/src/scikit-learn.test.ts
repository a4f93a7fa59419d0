/** Scores, intervals and tests against scikit-learn and SciPy, as tools/golden/scores.py wrote them. */
import { expect, it } from 'vitest';
import golden from '../../../tools/golden/scores.json' with { type: 'json' };
import { exactMcnemar } from './mcnemar.ts';
import { scoreProbabilities } from './score.ts';
import { wilson95 } from './wilson.ts';

it.each(golden.scores)('scores equal those of scikit-learn: $name', (expected) => {
  const classes = Array.from({ length: expected.classCount }, (_, label) => String(label));
  const score = scoreProbabilities(Float32Array.from(expected.probabilities), expected.labels, classes);
  expect(score.accuracy).toBeCloseTo(expected.accuracy, 12);
  expect(score.logLoss).toBeCloseTo(expected.logLoss, 9);
  expect(score.auc).toBeCloseTo(expected.auc, 12);
  expect(score.confusion).toEqual(expected.confusion);
  for (const [label, recall] of expected.recalls.entries())
    expect(score.perClass[label]!.recall).toBeCloseTo(recall, 12);
});

it.each(golden.wilson)('the interval of $correct of $count is that of SciPy', ({ correct, count, interval }) => {
  const [low, high] = wilson95(correct, count);
  expect(low).toBeCloseTo(interval[0]!, 12);
  expect(high).toBeCloseTo(interval[1]!, 12);
});

it.each(golden.mcnemar)('p of $onlyFirst against $onlySecond is that of SciPy', ({ p, ...difference }) => {
  // Of a relative error: p may be tiny.
  expect(exactMcnemar(difference) / p).toBeCloseTo(1, 9);
});
