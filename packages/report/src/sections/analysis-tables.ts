/** Numbers of the ensemble's analysis that have no chart: intervals of its scores, and what it does with doubtful images. */
import type { Report } from '@chorus/orchestration';
import { table } from '../figure.ts';
import { integer, number, percent, percentRange, roundPercent } from '../format.ts';
import { type Html, html } from '../html.ts';

type Analysis = NonNullable<Report['analysis']>;

/** The ensemble's scores on the test images with their intervals. */
export function scoreTable({ intervals, logLossAgainstBestMember, images }: Analysis, report: Report): Html | false {
  const test = report.stackers.find(({ chosen }) => chosen)?.test;
  if (test === undefined || intervals.logLoss === null) return false;
  const between = (interval: readonly [number, number] | null) =>
    interval === null ? '–' : interval.map(fixed).join(' to ');
  return html`<h3>Scores of the ensemble</h3>
${table({
  columns: ['', 'value', '95 % interval'],
  rows: [
    ['accuracy', percent(test.accuracy), percentRange(test.wilson95)],
    [
      ...['balanced accuracy', percent(test.balancedAccuracy)],
      intervals.balancedAccuracy === null ? '–' : percentRange(intervals.balancedAccuracy),
    ],
    ['macro F1', percent(test.macroF1), '–'],
    ['log loss', fixed(test.logLoss), between(intervals.logLoss)],
    ['AUC', test.auc === null ? '–' : fixed(test.auc), between(intervals.auc)],
    ...(logLossAgainstBestMember === null
      ? []
      : [
          [
            ...['log loss minus that of the best member', fixed(logLossAgainstBestMember.difference)],
            between(logLossAgainstBestMember.interval),
          ],
        ]),
  ],
})}
<p>On ${integer(images.test)} test images. The interval of the accuracy is Wilson's; the others come from 1,000 stratified resamples of the images.</p>`;
}

/** How many images are left to a human, and what prediction sets contain. */
export function doubtTables({ answers, answeredShares, predictionSets, images }: Analysis): Html {
  const selections = [
    ...answers.map(({ wanted, threshold, test }) => [
      ...[`an accuracy of ${roundPercent(wanted)}`, percent(threshold, 4), percent(test?.coverage)],
      percent(test?.accuracy, 2),
    ]),
    ...answeredShares.map(({ wanted, threshold, test }) => [
      ...[`${roundPercent(wanted)} of the images`, percent(threshold, 4), percent(test.coverage)],
      percent(test.accuracy, 2),
    ]),
  ];
  return html`<h3>Images to leave to a human</h3>
${table({ columns: ['wanted', 'smallest probability', 'answered', 'accuracy'], rows: selections })}
<p>The smallest probabilities come from ${integer(images.outOfFold)} out-of-fold predictions; the last two columns are of the ${integer(images.test)} test images.
<code>predict --min-accuracy</code>${answeredShares.length > 0 && html` and <code>--answered-share</code>`} use them. “–”: no probability reached the accuracy on enough images, or no test image is answered.</p>
<h3>Prediction sets</h3>
${table({
  columns: ['wanted', 'sets with the true class', 'mean size', 'one class', 'empty'],
  rows: predictionSets.map(({ wanted, test }) => [
    ...[roundPercent(wanted), percent(test.coverage), number(test.meanSize), percent(test.single), percent(test.empty)],
  ]),
})}
<p>Sets of classes by split conformal prediction, measured on the test images. <code>predict --coverage</code> prints them.</p>`;
}

// --- internal ---

function fixed(value: number): string {
  return value.toFixed(4).replace('-', '−');
}
