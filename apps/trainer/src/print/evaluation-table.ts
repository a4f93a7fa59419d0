/** What `chorus evaluate` prints. */
import type { Evaluation, ImageSelection, Score } from '@chorus/orchestration';
import { printable } from './printable.ts';
import { balancedLine, scoreCells } from './score-cells.ts';
import { table } from './table.ts';

/** With more classes a matrix is too wide for a terminal; the largest confusions are listed instead. */
const mostMatrixClasses = 10;
const mostConfusions = 15;
const mostSkipped = 20;

/** Which images are scored, and why. */
export function selectionLine(selection: ImageSelection, all: boolean): string {
  const { kind, taken, total, uses, runTest, takenTraining } = selection;
  const counted = `${taken} of ${total} images`;
  if (all) {
    const parts = [
      `${uses.test} of the run's test share`,
      `${uses.training} that it trained on`,
      `${uses.none} that were not part of it`,
    ];
    return `${counted} (--all): ${parts.join(', ')}`;
  }
  const share = uses.test < runTest ? `${uses.test} of the run's ${runTest} test images` : "the run's test share";
  if (kind === 'test')
    return taken === total
      ? `${counted}: ${share}`
      : `${counted}: ${share}; --all scores all images (${uses.training} that the run trained on, ${uses.none} that were not part of it)`;
  if (takenTraining > 0) return `${counted}: the run trained on all of them`;
  return uses.training === 0
    ? `${counted}: none of them was part of the run`
    : `${counted}: those that were not part of the run; --all scores all images (${uses.training} that the run trained on)`;
}

/** Undefined if no image was used in training. */
export function trainingWarning({ taken, takenTraining }: ImageSelection): string | undefined {
  if (takenTraining === 0) return undefined;
  return `warning: the members were trained on ${takenTraining} of these ${taken} images: the figures are too optimistic`;
}

/** Scores, recall per class, confusions, and what was skipped. */
export function evaluationTable(evaluation: Evaluation): string {
  const { student, ensemble, members, classes, balancesClasses, skipped } = evaluation;
  const { test } = ensemble;
  const scored = `the ${student ? 'student' : 'ensemble'}`;
  return [
    table([
      ['', 'accuracy', '95 % interval', 'correct', 'log loss'],
      ...(student ? [] : [[`stack: ${ensemble.kind}`, ...scoreCells(test)]]),
      ...members.map(({ name, test: score }) => [name, ...scoreCells(score)]),
    ]),
    '',
    table([
      ['class', 'recall', 'correct'],
      ...test.perClass.map(({ class: name, recall, correct, count }) => [
        printable(name),
        recall === null ? '–' : `${(100 * recall).toFixed(1)} %`,
        `${correct} of ${count}`,
      ]),
    ]),
    balancedLine(test),
    ...(balancesClasses ? ['in training, every class counted equally: compare balanced accuracies'] : []),
    '',
    ...(classes.length <= mostMatrixClasses
      ? confusionMatrix(test, classes, scored)
      : largestConfusions(test, classes, scored)),
    ...skippedLines(skipped),
  ].join('\n');
}

/** What is not scored, with its reason. */
export function skippedLines(skipped: readonly Evaluation['skipped'][number][]): string[] {
  return [
    ...skipped.slice(0, mostSkipped).map(({ path, reason }) => `skipped: ${printable(path)}: ${printable(reason)}`),
    ...(skipped.length > mostSkipped
      ? [`… and ${skipped.length - mostSkipped} more skipped; --json lists them all`]
      : []),
  ];
}

// --- internal ---

function confusionMatrix({ confusion }: Score, classes: readonly string[], scored: string): string[] {
  const names = classes.map(printable);
  return [
    `confusion of ${scored} (rows: true class; columns: predicted class)`,
    table([['', ...names], ...confusion.map((row, label) => [names[label]!, ...row.map(String)])]),
  ];
}

function largestConfusions({ confusion }: Score, classes: readonly string[], scored: string): string[] {
  const wrong = confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ label, predicted, count }) => label !== predicted && count > 0)
    .toSorted((a, b) => b.count - a.count);
  if (wrong.length === 0) return [];
  const shown = wrong.slice(0, mostConfusions);
  const rest = wrong.length > shown.length ? `, ${shown.length} of ${wrong.length}` : '';
  return [
    `largest confusions of ${scored}${rest} (true class → predicted class)`,
    table(
      shown.map(({ label, predicted, count }) => [
        `${count}`,
        `${printable(classes[label]!)} → ${printable(classes[predicted]!)}`,
      ]),
    ),
  ];
}
