import type { Evaluation, ImageSelection, Score } from '@chorus/orchestration';
import { describe, expect, it } from 'vitest';
import { evaluationTable, selectionLine, trainingWarning } from './evaluation-table.ts';
import { predictionLine } from './prediction-line.ts';

function selection(kind: ImageSelection['kind'], test: number, training: number, none: number): ImageSelection {
  const total = test + training + none;
  const taken = { test, unseen: none, all: total }[kind];
  return {
    kind,
    taken,
    total,
    uses: { test, training, none },
    runTest: 16,
    takenTraining: kind === 'all' ? training : 0,
  };
}

describe('which images were taken', () => {
  it.each<[ImageSelection, boolean, string]>([
    [
      selection('test', 16, 64, 0),
      false,
      "16 of 80 images: the run's test share; --all scores all images (64 that the run trained on, 0 that were not part of it)",
    ],
    [selection('test', 16, 0, 0), false, "16 of 16 images: the run's test share"],
    [selection('test', 15, 0, 0), false, "15 of 15 images: 15 of the run's 16 test images"],
    [selection('unseen', 0, 0, 80), false, '80 of 80 images: none of them was part of the run'],
    [
      selection('unseen', 0, 12, 68),
      false,
      '68 of 80 images: those that were not part of the run; --all scores all images (12 that the run trained on)',
    ],
    [selection('all', 0, 12, 0), false, '12 of 12 images: the run trained on all of them'],
    [
      selection('all', 16, 12, 52),
      true,
      "80 of 80 images (--all): 16 of the run's test share, 12 that it trained on, 52 that were not part of it",
    ],
  ])('%j: %s', (one, all, line) => expect(selectionLine(one, all)).toBe(line));

  it('is a warning where the run trained on some', () => {
    expect(trainingWarning(selection('all', 16, 12, 52))).toBe(
      'warning: the members were trained on 12 of these 80 images: the figures are too optimistic',
    );
    expect(trainingWarning(selection('test', 16, 64, 0))).toBeUndefined();
    expect(trainingWarning(selection('all', 16, 0, 52))).toBeUndefined();
  });
});

/** Every image of a class right but for the given ones. */
function score(classes: string[], wrong: [number, number, number][]): Score {
  const confusion: number[][] = classes.map((_, label) =>
    classes.map((__, predicted) => (label === predicted ? 10 : 0)),
  );
  for (const [label, predicted, count] of wrong) confusion[label]![predicted] = count;
  const perClass = classes.map((name, label) => {
    const count = confusion[label]!.reduce((sum, one) => sum + one, 0);
    return { class: name, count, correct: 10, recall: 10 / count };
  });
  const count = perClass.reduce((sum, one) => sum + one.count, 0);
  const correct = 10 * classes.length;
  return {
    ...{ accuracy: correct / count, correct, count },
    wilson95: [0, 1],
    ...{ balancedAccuracy: 0.75, macroF1: 0.625, brier: 0.25, logLoss: 0.5 },
    auc: null,
    perClass,
    confusion,
  };
}

function evaluation(classes: string[], wrong: [number, number, number][], skipped: Evaluation['skipped']): Evaluation {
  const test = score(classes, wrong);
  return {
    ...{ classes, skipped, selection: selection('test', 1, 0, 0), predictions: [] },
    balancesClasses: false,
    ...{ ensemble: { kind: 'mean', test }, members: [{ name: 'one', test }], student: false },
  };
}

describe('the table of an evaluation', () => {
  it('has recall per class and the whole confusion matrix of a few classes', () => {
    const text = evaluationTable(evaluation(['cat', 'do\ng'], [[0, 1, 10]], [{ path: 'a', reason: 'bad' }]));
    expect(text).toContain(
      [
        'class    recall   correct',
        'cat       50.0 %  10 of 20',
        'do\\x0ag  100.0 %  10 of 10',
        'balanced accuracy 75.0 %, macro F1 62.5 %',
        '',
        'confusion of the ensemble (rows: true class; columns: predicted class)',
        '         cat  do\\x0ag',
        'cat       10       10',
        'do\\x0ag    0       10',
        'skipped: a: bad',
      ].join('\n'),
    );
  });

  it('lists the largest confusions of many classes, and the first of many skipped files', () => {
    const classes = Array.from({ length: 30 }, (_, index) => `c${index}`);
    const wrong = classes.slice(1).map((_, index): [number, number, number] => [index, index + 1, index + 1]);
    const skipped = Array.from({ length: 25 }, (_, index) => ({ path: `${index}`, reason: 'bad' }));
    const lines = evaluationTable(evaluation(classes, wrong, skipped)).split('\n');
    const start = lines.indexOf('largest confusions of the ensemble, 15 of 29 (true class → predicted class)');
    expect(lines.slice(start + 1, start + 3)).toEqual(['29  c28 → c29', '28  c27 → c28']);
    expect(lines[start + 16]).toBe('skipped: 0: bad');
    expect(lines.at(-1)).toBe('… and 5 more skipped; --json lists them all');
    expect(evaluationTable(evaluation(classes, [], []))).not.toContain('confusions');
  });
});

it('shows the most probable classes of a prediction', () => {
  const prediction = { path: 'a\nb.jpg', predicted: 'dog', probabilities: { '2': 0.25, cat: 0.05, dog: 0.7 } };
  expect(predictionLine(prediction, 1)).toBe('a\\x0ab.jpg  dog  70.0 %');
  expect(predictionLine(prediction, 2)).toBe('a\\x0ab.jpg  dog  70.0 %  2  25.0 %');
  expect(predictionLine({ ...prediction, accepted: true }, 1)).toBe('a\\x0ab.jpg  dog  70.0 %');
  expect(predictionLine({ ...prediction, accepted: false }, 1)).toBe('a\\x0ab.jpg  dog  70.0 %  (unsure)');
  expect(predictionLine({ ...prediction, set: ['2', 'dog'] }, 1)).toBe('a\\x0ab.jpg  dog  70.0 %  2  25.0 %');
  expect(predictionLine({ ...prediction, set: [] }, 1)).toBe(
    'a\\x0ab.jpg  (empty set: too uncertain for any class; the most probable is dog, 70.0 %)',
  );
  expect(predictionLine(prediction, Number.POSITIVE_INFINITY)).toBe('a\\x0ab.jpg  dog  70.0 %  2  25.0 %  cat  5.0 %');
});
