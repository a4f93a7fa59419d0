import type { Report } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { balancedLines, calibrationLine, droppedLine, sureAnswersLine, viewsLine } from './ensemble-lines.ts';

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

const balanced = (kind: string) => ({ remedy: { kind } }) as Report['imbalance'];

it('the views that the run chose are shown with what else it tried', () => {
  const testTimeAugmentation = {
    chosen: 'mirror',
    candidates: [
      { kind: 'none', views: 1, logLoss: 0.03 },
      { kind: 'mirror', views: 2, logLoss: 0.025 },
    ],
  } as Report['testTimeAugmentation'];
  expect(viewsLine({ testTimeAugmentation, imbalance: null })).toEqual([
    'test-time augmentation: mirror, the cheapest within a standard error of the lowest out-of-fold log loss: none (1 pass) 0.0300, mirror (2 passes) 0.0250',
  ]);
  expect(viewsLine({ testTimeAugmentation: null, imbalance: null })).toEqual([]);
});

describe('the calibration', () => {
  const analysis = (applied: string) =>
    ({
      calibration: {
        applied,
        crossValidated: { none: 0.4, temperature: 0.35, vector: 0.3 },
        test: { before: { logLoss: 0.25 }, after: { logLoss: 0.2 }, vector: { logLoss: 0.21 } },
      },
    }) as unknown as Report['analysis'];

  it.each([
    [null, []],
    [analysis('none'), []],
    [
      analysis('temperature'),
      ['the ensemble is calibrated by temperature scaling: log loss 0.2500 without, 0.2000 with it'],
    ],
    [analysis('vector'), ['the ensemble is calibrated by vector scaling: log loss 0.2500 without, 0.2100 with it']],
  ])('%#', (given, lines) => {
    expect(calibrationLine({ analysis: given, imbalance: null })).toEqual(lines);
    expect(calibrationLine({ analysis: given, imbalance: balanced('none') })).toEqual(lines);
  });

  it('has the losses by which it was chosen where every class counts equally', () =>
    expect(calibrationLine({ analysis: analysis('vector'), imbalance: balanced('focal') })).toEqual([
      'the ensemble is calibrated by vector scaling: out-of-fold log loss, in which every class counts equally, 0.4000 without, 0.3000 with it',
    ]));
});

describe('dropped members', () => {
  const costs = {
    members: [
      { name: 'wide', work: 0.5 },
      { name: 'slim', work: 0.2 },
      { name: 'deep', work: 0.3 },
    ],
  } as Report['costs'];
  const pruning = (...dropped: string[]) =>
    ({ dropped, stackerLogLoss: { all: 0.1, kept: 0.11 } }) as unknown as Report['pruning'];

  it.each([
    [null, []],
    [pruning(), []],
    [
      pruning('wide', 'slim'),
      [
        'dropped before the test: wide, slim (70 % of the work): out-of-fold log loss 0.1000 with all members, 0.1100 without these',
      ],
    ],
  ])('%#', (given, lines) => {
    expect(droppedLine({ pruning: given, costs, imbalance: null })).toEqual(lines);
  });

  it('names losses in which every class counts equally', () =>
    expect(droppedLine({ pruning: pruning('deep'), costs, imbalance: balanced('focal') })).toEqual([
      'dropped before the test: deep (30 % of the work): out-of-fold log loss, in which every class counts equally, 0.1000 with all members, 0.1100 without these',
    ]));
});
