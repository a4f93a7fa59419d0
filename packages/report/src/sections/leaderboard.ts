import type { Report } from '@chorus/orchestration';
import { color } from '../chart.ts';
import { dotsAndWhiskers } from '../charts/dots-and-whiskers.ts';
import { figure, inBothWidths } from '../figure.ts';
import { count, integer, number, percent, percentRange } from '../format.ts';
import { html } from '../html.ts';
import { scoreTable } from './analysis-tables.ts';
import { type Classifier, classifiersOf } from './classifiers.ts';
import type { Section } from './section.ts';

/** Every classifier on the test images; null if none was tested. */
export async function leaderboardSection(report: Report): Promise<Section | null> {
  const classifiers = classifiersOf(report);
  if (classifiers.length === 0) return null;
  const dots = classifiers.map(({ name, kind, test }) => ({
    ...{ name, share: test.accuracy, interval: test.wilson95, color: colorOf[kind], filled: kind !== 'stacker' },
  }));
  const label = `Accuracy of ${count(classifiers.length, 'classifier')} on the test images with 95 % intervals; the best is ${classifiers[0]!.name} with ${percent(classifiers[0]!.test.accuracy)}.`;
  const axis = 'accuracy on the test images';
  const body = html`${await figure({
    chart: inBothWidths(760, (width) => dotsAndWhiskers(dots, { label, axis, width })),
    legend: [
      { name: 'ensemble', series: 'accent' },
      { name: 'single members', series: 'ink' },
      { name: 'other stackers', series: 'muted' },
    ],
    caption: html`All ${count(classifiers.length, 'classifier')} saw the same ${count(classifiers[0]!.test.count, 'image')}. A line is the 95 % interval of the accuracy (Wilson): where lines overlap
widely, the order may be chance. ${report.bestMember !== null && 'The ensemble and the best member were chosen on other images, before any test image was read.'}`,
    table: {
      columns: ['', 'accuracy', '95 % interval', 'correct', 'balanced accuracy', 'macro F1', 'log loss', 'AUC', ''],
      rows: classifiers.map(({ name, note, test }) => [
        ...[
          name,
          percent(test.accuracy),
          percentRange(test.wilson95),
          `${integer(test.correct)} of ${integer(test.count)}`,
        ],
        ...[percent(test.balancedAccuracy), percent(test.macroF1), number(test.logLoss), number(test.auc, 4), note],
      ]),
    },
  })}
${report.analysis !== null && scoreTable(report.analysis, report)}`;
  return { id: 'leaderboard', title: 'Leaderboard', body };
}

// --- internal ---

const colorOf: Record<Classifier['kind'], string> = {
  ensemble: color.accent,
  member: color.ink,
  stacker: color.muted,
  student: color.ink,
};
