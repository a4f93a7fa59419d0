import { wilson95 } from '@chorus/evaluation';
import type { Report } from '@chorus/orchestration';
import { type ChartSpec, color, seriesColor } from '../chart.ts';
import { dotsAndWhiskers } from '../charts/dots-and-whiskers.ts';
import { heatMap } from '../charts/heat-map.ts';
import { type Figure, figure, inBothWidths, narrowWidth, table } from '../figure.ts';
import { integer, percent, percentRange } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Section } from './section.ts';

/** A matrix of more classes is unreadable; its most frequent confusions are listed instead. */
const mostMatrixClasses = 20;
/** More classes than this have the width of the page. */
const mostNarrowClasses = 4;
/** Classes of a chart, and of its table. */
const mostChartClasses = 20;
const mostRows = 100;

/** The ensemble's confusions, and the precision and the recall of each class; null without an ensemble. */
export async function classesSection({ stackers, dataset }: Report): Promise<Section | null> {
  const chosen = stackers.find((stacker) => stacker.chosen);
  if (chosen === undefined) return null;
  const { confusion } = chosen.test;
  const figures = [
    ...(dataset.classes.length <= mostMatrixClasses ? [await matrix(confusion, dataset.classes)] : []),
    await perClass(confusion, dataset.classes),
  ];
  const body = html`${dataset.classes.length <= mostNarrowClasses ? html`<div class="pair">${figures}</div>` : figures}
${dataset.classes.length > 2 && confusions(confusion, dataset.classes)}`;
  return { id: 'classes', title: 'Classes', body };
}

// --- internal ---

type Confusion = Report['stackers'][number]['test']['confusion'];

function matrix(confusion: Confusion, names: readonly string[]): Promise<Html> {
  const totals = confusion.map((row) => row.reduce((sum, value) => sum + value, 0));
  const cells = confusion.flatMap((counts, row) =>
    counts.map((value, column) => ({
      ...{ row, column, text: value === 0 ? '·' : integer(value) },
      share: value / Math.max(1, totals[row]!),
    })),
  );
  return figure({
    title: 'Confusion matrix',
    chart: chartFor(names.length, (width) =>
      heatMap(cells, {
        label: `Confusion matrix of the ensemble for ${names.length} classes.`,
        ...{ names, rows: 'true class', columns: 'predicted class', width },
      }),
    ),
    caption: 'Test images by true and predicted class. The darker a cell, the larger its share of the row.',
    table: {
      columns: ['true class', ...names.map((name) => `as ${name}`)],
      rows: confusion.map((counts, row) => [names[row]!, ...counts.map((value) => integer(value))]),
    },
  });
}

function perClass(confusion: Confusion, names: readonly string[]): Promise<Html> {
  const predicted = names.map((_, column) => confusion.reduce((sum, row) => sum + row[column]!, 0));
  const classes = names.map((name, label) => {
    const correct = confusion[label]![label]!;
    const total = confusion[label]!.reduce((sum, value) => sum + value, 0);
    return { name, correct, total, predicted: predicted[label]! };
  });
  const weakest = classes
    .toSorted((a, b) => a.correct / Math.max(1, a.total) - b.correct / Math.max(1, b.total))
    .slice(0, mostRows);
  const shown = classes.length > mostRows ? weakest : classes;
  const dots = (classes.length > mostChartClasses ? weakest.slice(0, mostChartClasses) : shown).flatMap(
    ({ name, correct, total, predicted: all }) => [
      ...(total === 0
        ? []
        : [{ name, share: correct / total, interval: wilson95(correct, total), color: color.accent, filled: true }]),
      ...(all === 0
        ? []
        : [
            {
              ...{ name: total === 0 ? name : '', share: correct / all, interval: wilson95(correct, all) },
              ...{ color: seriesColor(1), filled: false },
            },
          ]),
    ],
  );
  const share = (correct: number, total: number) => (total === 0 ? null : correct / total);
  const interval = (correct: number, total: number) => percentRange(wilson95(correct, total));
  return figure({
    title: 'Precision and recall',
    chart: chartFor(names.length, (width) =>
      dotsAndWhiskers(dots, {
        ...{ label: 'Recall and precision of classes with 95 % intervals.', axis: 'share of images', width },
      }),
    ),
    legend: [
      { name: 'recall', series: 'accent' },
      { name: 'precision', series: 1 },
    ],
    caption: html`Recall: share of the images of a class that are recognized. Precision: share of the answers with this class that are right.
${
  classes.length > mostChartClasses &&
  `The ${mostChartClasses} classes with the lowest recall; the numbers have ${classes.length > mostRows ? `${mostRows} classes, and report.json all` : 'all'}.`
}`,
    table: {
      columns: ['class', 'test images', 'recall', '95 % interval', 'precision', '95 % interval'],
      rows: shown.map(({ name, correct, total, predicted: all }) => [
        ...[name, integer(total), percent(share(correct, total)), interval(correct, total)],
        ...[percent(share(correct, all)), interval(correct, all)],
      ]),
    },
  });
}

/** One chart of half the page's width for few classes; else one for each width of a page. */
function chartFor(classCount: number, chartOf: (width: number) => ChartSpec): Figure['chart'] {
  return classCount <= mostNarrowClasses ? chartOf(narrowWidth) : inBothWidths(720, chartOf);
}

/** The most frequent confusions, for more than two classes. */
function confusions(confusion: Confusion, names: readonly string[]): Html | null {
  const pairs = confusion
    .flatMap((counts, row) => counts.map((value, column) => ({ row, column, value })))
    .filter(({ row, column, value }) => row !== column && value > 0)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, 12);
  if (pairs.length === 0) return null;
  return html`<h3>Most frequent confusions</h3>
${table({
  isText: true,
  columns: ['true class', 'predicted class', 'images'],
  rows: pairs.map(({ row, column, value }) => [names[row]!, names[column]!, integer(value)]),
})}`;
}
