import { wilson95 } from '@chorus/evaluation';
import type { Report } from '@chorus/orchestration';
import { color, seriesColor } from '../chart.ts';
import { dotsAndWhiskers } from '../charts/dots-and-whiskers.ts';
import { heatMap } from '../charts/heat-map.ts';
import { figure, table } from '../figure.ts';
import { integer, percent, percentRange } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Section } from './section.ts';

/** A matrix of more classes is unreadable; its most frequent confusions are listed instead. */
const mostMatrixClasses = 20;
/** Rows of a table or a chart of classes. */
const mostRows = 40;

/** The ensemble's confusions, and the precision and the recall of each class; null without an ensemble. */
export async function classesSection({ stackers, dataset }: Report): Promise<Section | null> {
  const chosen = stackers.find((stacker) => stacker.chosen);
  if (chosen === undefined) return null;
  const { confusion } = chosen.test;
  const body = html`<div class="pair">
${dataset.classes.length <= mostMatrixClasses && (await matrix(confusion, dataset.classes))}
${await perClass(confusion, dataset.classes)}
</div>
${dataset.classes.length > 2 && confusions(confusion, dataset.classes)}`;
  return { id: 'classes', title: 'Classes', body };
}

// --- internal ---

type Confusion = Report['stackers'][number]['test']['confusion'];

function matrix(confusion: Confusion, names: readonly string[]): Promise<Html> {
  const totals = confusion.map((row) => row.reduce((sum, value) => sum + value, 0));
  return figure({
    title: 'Confusion matrix',
    chart: heatMap(
      confusion.flatMap((counts, row) =>
        counts.map((value, column) => ({
          ...{ row, column, text: value === 0 ? '·' : integer(value) },
          share: value / Math.max(1, totals[row]!),
        })),
      ),
      {
        label: `Confusion matrix of the ensemble for ${names.length} classes.`,
        ...{ names, rows: 'true class', columns: 'predicted class' },
        width: names.length > 8 ? 720 : 340,
      },
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
  const share = (correct: number, total: number) => (total === 0 ? null : correct / total);
  const interval = (correct: number, total: number) => percentRange(wilson95(correct, total));
  return figure({
    title: 'Precision and recall',
    chart: dotsAndWhiskers(
      shown.flatMap(({ name, correct, total, predicted: all }) => [
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
      ]),
      { label: 'Recall and precision of each class with 95 % intervals.', axis: 'share of images', width: 340 },
    ),
    legend: [
      { name: 'recall', series: 'accent' },
      { name: 'precision', series: 1 },
    ],
    caption: html`Recall: share of the images of a class that are recognized. Precision: share of the answers with this class that are right.
${classes.length > mostRows && `The ${mostRows} classes with the lowest recall; report.json has all.`}`,
    table: {
      columns: ['class', 'test images', 'recall', '95 % interval', 'precision', '95 % interval'],
      rows: shown.map(({ name, correct, total, predicted: all }) => [
        ...[name, integer(total), percent(share(correct, total)), interval(correct, total)],
        ...[percent(share(correct, all)), interval(correct, all)],
      ]),
    },
  });
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
  columns: ['true class', 'predicted class', 'images'],
  rows: pairs.map(({ row, column, value }) => [names[row]!, names[column]!, integer(value)]),
})}`;
}
