import type { Report } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { balancedLines, sureAnswersLine } from './ensemble-lines.ts';

const stackers = [{ chosen: true, test: { balancedAccuracy: 0.8125, macroF1: 0.75 } }] as Report['stackers'];
const dataset = { classes: ['a', 'b'] } as Report['dataset'];

it.each([
  [0.5, []],
  [0.9, ["the ensemble's balanced accuracy 81.3 %, macro F1 75.0 %"]],
])('the scores of equal classes are shown where classes differ in size: baseline %d', (baseline, lines) => {
  expect(balancedLines({ stackers, baseline, dataset })).toEqual(lines);
});

describe('the images to leave to a human', () => {
  const analysis = (threshold: number | null, test: { coverage: number; accuracy: number | null } | null) =>
    ({ answers: [{ wanted: 0.99, threshold, outOfFold: test, test }] }) as unknown as Report['analysis'];

  it.each([
    [null, []],
    [analysis(null, null), []],
    [analysis(0.5, { coverage: 1, accuracy: 0.995 }), []],
    [
      analysis(0.8754, { coverage: 0.9625, accuracy: 0.9931 }),
      [
        'for 99 % accuracy, accept predictions with a probability of at least 0.875: 96.3 % of the test images, 99.3 % of them correct',
      ],
    ],
    [
      analysis(0.9999, { coverage: 0, accuracy: null }),
      ['for 99 % accuracy, accept predictions with a probability of at least 1.000: 0.0 % of the test images'],
    ],
  ])('%#', (given, lines) => {
    expect(sureAnswersLine(given)).toEqual(lines);
  });
});
