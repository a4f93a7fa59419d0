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
    ({
      images: { outOfFold: 50, test: 800 },
      answers: [{ wanted: 0.99, threshold, outOfFold: { coverage: 0.9, accuracy: 1 }, test }],
    }) as unknown as Report['analysis'];

  it.each([
    [null, []],
    [analysis(null, null), []],
    [analysis(0.5, { coverage: 1, accuracy: 0.995 }), []],
    [
      analysis(0.8754, { coverage: 770 / 800, accuracy: 765 / 770 }),
      [
        'for 99 % accuracy (reached on 45 of 50 out-of-fold images), accept predictions with a probability of at least 0.876: 770 of 800 test images, 765 of them correct (99.4 %)',
      ],
    ],
    [
      analysis(0.9999, { coverage: 0, accuracy: null }),
      [
        'for 99 % accuracy (reached on 45 of 50 out-of-fold images), accept predictions with a probability of at least 0.9999: no test image',
      ],
    ],
  ])('%#', (given, lines) => {
    expect(sureAnswersLine(given)).toEqual(lines);
  });
});
