import { coverageCurve, type ThresholdCurve, type ThresholdPoint, thresholdCurve, wilson95 } from '@chorus/evaluation';
import type { Report } from '@chorus/orchestration';
import { color, seriesColor, seriesCount } from '../chart.ts';
import { type LineSeries, lines, thinned } from '../charts/lines.ts';
import { leastOf, precisionFloor, rocEnd, rocFloor } from '../charts/zoom.ts';
import { figure, narrowWidth, type Series } from '../figure.ts';
import { integer, listOf, number, percent, roundPercent } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { TestPredictions } from '../predictions.ts';
import { doubtTables } from './analysis-tables.ts';
import type { Section } from './section.ts';

/** A curve per class for at most so many classes. */
const mostCurves = 6;
/** Rows of a table of a curve. */
const tableRows = 12;

/** Whether the ensemble's probabilities can be relied on; null without an ensemble. */
export async function probabilitiesSection(
  report: Report,
  predictions: TestPredictions | null,
): Promise<Section | null> {
  const figures = [
    ...(report.analysis === null ? [] : [await reliability(report.analysis)]),
    ...(predictions === null ? [] : [await coverage(report, predictions)]),
    ...(predictions === null ? [] : await rankings(report, predictions)),
  ];
  if (figures.length === 0) return null;
  return {
    id: 'probabilities',
    title: 'Probabilities',
    body: html`<div class="pair">${figures}</div>${report.analysis && doubtTables(report.analysis)}`,
  };
}

// --- internal ---

function reliability({ calibration }: NonNullable<Report['analysis']>): Promise<Html> {
  const bins = (calibration.calibratedBins ?? calibration.bins).filter(({ count }) => count > 0);
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const points = bins.map(({ confidence, accuracy, count }) => ({ x: confidence!, y: accuracy!, count }));
  const low = Math.floor(10 * Math.min(0.5, ...points.flatMap(({ x, y }) => [x, y]))) / 10;
  const applied = calibration.applied === 'none' ? 'before' : calibration.applied === 'vector' ? 'vector' : 'after';
  const scores = calibration.test[applied] ?? calibration.test.before;
  return figure({
    title: 'Reliability',
    chart: lines(
      [{ color: color.muted, width: 1, dash: [4, 4], points: [low, 1].map((value) => ({ x: value, y: value })) }],
      {
        ...{
          width: narrowWidth,
          height: 300,
          label: 'Reliability diagram: accuracy against the mean probability in each bin.',
        },
        x: { title: 'probability of the predicted class', domain: [low, 1] },
        y: { title: 'share that is right', domain: [low, 1] },
        whiskers: points.map(({ x, y, count }) => {
          const [from, to] = wilson95(Math.round(y * count), count);
          return { x, low: Math.max(low, from), high: to, color: color.accent };
        }),
        dots: points.map(({ x, y, count }) => ({
          x,
          y,
          color: color.accent,
          size: 30 + 370 * Math.sqrt(count / total),
        })),
      },
    ),
    caption: html`Of the images that the ensemble gives 90 %, 90 % should be right: the dashed line. A larger dot stands for more images; a line is the 95 % interval of the share.
Expected calibration error ${percent(scores.error, 2)}; calibration: ${calibration.applied}${calibration.reason && ` (${calibration.reason})`}.`,
    table: {
      columns: ['probability', 'images', 'mean probability', 'share that is right'],
      rows: bins.map(({ from, to, count, confidence, accuracy }) => [
        ...[`${percent(from, 0)} to ${percent(to, 0)}`, integer(count), percent(confidence), percent(accuracy)],
      ]),
    },
  });
}

function coverage({ dataset, analysis }: Report, { ensemble, members, labels }: TestPredictions): Promise<Html> {
  const classCount = dataset.classes.length;
  const pointsOf = (probabilities: Float32Array) =>
    coverageCurve(probabilities, labels, classCount).map(({ coverage: x, accuracy: y }) => ({ x, y }));
  const curve = coverageCurve(ensemble, labels, classCount);
  const own = curve.map(({ coverage: x, accuracy: y }) => ({ x, y }));
  const others = [...members.values()].map(pointsOf);
  // The accuracy of very few images says nothing.
  const settled = (points: typeof own) => points.filter(({ x }) => x >= Math.min(0.2, 30 / labels.length));
  const reached = (analysis?.answers ?? []).flatMap(({ wanted, test }) =>
    test?.accuracy == null ? [] : [{ x: test.coverage, y: test.accuracy, wanted }],
  );
  const low = leastOf([own, ...others].flatMap((points) => settled(points).map(({ y }) => y)));
  return figure({
    title: 'Accuracy against coverage',
    chart: lines(
      [
        ...others.map(
          (points): LineSeries => ({ color: color.muted, width: 1.2, opacity: 0.6, points: settled(points) }),
        ),
        { color: color.accent, points: settled(own) },
      ],
      {
        ...{
          width: narrowWidth,
          height: 300,
          label: 'Accuracy of the answered images against the share that is answered.',
        },
        x: { title: 'share of the images that is answered', domain: [0, 1] },
        y: { title: 'accuracy of the answers', domain: [Math.max(0, low - (1 - low) * 0.05), 1] },
        dots: reached.filter(({ y }) => y >= low).map(({ x, y }) => ({ x, y, color: color.accent })),
      },
    ),
    legend: [
      { name: 'ensemble', series: 'accent' },
      { name: 'single members', series: 'muted' },
    ],
    caption: html`The ensemble answers the images that it is most sure of and leaves the others to a human.${
      reached.length > 0 &&
      ` Dots: thresholds chosen on other images, for ${listOf([...new Set(reached.map(({ wanted }) => roundPercent(wanted)))])}.`
    }`,
    table: {
      columns: ['answered', 'smallest probability', 'accuracy'],
      rows: sampled(curve).map(({ coverage: share, threshold, accuracy }) => [
        ...[percent(share), percent(threshold, 2), percent(accuracy, 2)],
      ]),
    },
  });
}

interface Ranking {
  name: string;
  series: Series;
  color: string;
  curve: ThresholdCurve;
}

/** ROC and precision-recall curves: of every classifier for two classes, else of the ensemble for some classes. */
async function rankings(report: Report, { ensemble, members, labels }: TestPredictions): Promise<Html[]> {
  const { classes } = report.dataset;
  const curveOf = (probabilities: Float32Array, target: number) =>
    thresholdCurve(
      Float32Array.from(labels, (_, row) => probabilities[row * classes.length + target]!),
      labels.map((label) => label === target),
    );
  const found: (Omit<Ranking, 'curve'> & { curve: ThresholdCurve | null })[] =
    classes.length === 2
      ? [
          ...[...members].map(([name, probabilities], index) => ({
            ...{
              name,
              series: (index + 1) % seriesCount,
              color: seriesColor(index + 1),
              curve: curveOf(probabilities, 1),
            },
          })),
          { name: 'ensemble', series: 'accent', color: color.accent, curve: curveOf(ensemble, 1) },
        ]
      : weakestClasses(report).map(({ name, label }, index) => ({
          ...{ name, curve: curveOf(ensemble, label), series: index, color: seriesColor(index) },
        }));
  const ranked = found.filter((one): one is Ranking => one.curve !== null);
  if (ranked.length === 0) return [];
  const subject =
    classes.length === 2 ? `Images of class ${classes[1]} against ${classes[0]}.` : 'Each class against all others.';
  const which = classes.length > mostCurves ? ` The ${mostCurves} classes with the lowest recall.` : '';
  const legend = ranked.map(({ name, series }) => ({ name, series }));
  const chartOf = (x: keyof ThresholdPoint, y: keyof ThresholdPoint) =>
    ranked.map(
      ({ curve, ...one }): LineSeries => ({
        ...{ color: one.color, width: one.series === 'accent' ? 2.5 : 1.5 },
        points: curve.points.map((point) => ({ x: point[x], y: point[y] })),
      }),
    );
  const curves = ranked.map(({ curve }) => curve);
  const end = rocEnd(curves);
  const floor = rocFloor(curves, end);
  const lowest = precisionFloor(curves);
  const corner = (isCorner: boolean) => (isCorner ? ' The chart shows the corner in which the curves differ.' : '');
  const table = {
    columns: [
      '',
      'average precision',
      ...[0.9, 0.95, 0.99].map((share) => `precision at ${roundPercent(share)} recall`),
    ],
    rows: ranked.map(({ name, curve: { points, averagePrecision } }) => [
      ...[name, number(averagePrecision, 4)],
      ...[0.9, 0.95, 0.99].map((share) => percent(points.find(({ recall }) => recall >= share)?.precision)),
    ]),
  };
  const rates = {
    columns: ['', ...[0.001, 0.01, 0.05].map((share) => `recall at ${roundPercent(share)} false positives`)],
    rows: ranked.map(({ name, curve: { points } }) => [
      name,
      ...[0.001, 0.01, 0.05].map((share) =>
        percent(points.filter(({ falsePositiveRate }) => falsePositiveRate <= share).at(-1)?.recall),
      ),
    ]),
  };
  return [
    await figure({
      title: 'ROC',
      chart: lines(
        [
          ...(end === 1
            ? [{ color: color.muted, width: 1, dash: [4, 4], points: [0, 1].map((value) => ({ x: value, y: value })) }]
            : []),
          ...chartOf('falsePositiveRate', 'recall').map((series) => ({
            ...series,
            points: within(series.points, { right: end, bottom: floor }),
          })),
        ],
        {
          ...{ width: narrowWidth, height: 300, label: `ROC curves: ${ranked.map(({ name }) => name).join(', ')}.` },
          x: { title: 'false positive rate', domain: [0, end] },
          y: { title: 'true positive rate (recall)', domain: [floor, 1] },
        },
      ),
      ...{ legend, caption: `${subject}${which}${corner(end < 1)}`, table: rates },
    }),
    await figure({
      title: 'Precision and recall over the threshold',
      chart: lines(
        chartOf('recall', 'precision').map((series) => ({
          ...series,
          points: within(series.points, { right: 1, bottom: lowest }),
        })),
        {
          ...{
            width: narrowWidth,
            height: 300,
            label: `Precision-recall curves: ${ranked.map(({ name }) => name).join(', ')}.`,
          },
          x: { title: 'recall', domain: [0, 1] },
          y: { title: 'precision', domain: [lowest, 1] },
        },
      ),
      ...{ legend, caption: `${subject}${which}${corner(lowest >= 0.7)}`, table },
    }),
  ];
}

/** The classes that the ensemble recognizes least often. */
function weakestClasses({ stackers }: Report): { name: string; label: number }[] {
  const { perClass } = stackers.find(({ chosen }) => chosen)!.test;
  return perClass
    .map(({ class: name, recall }, label) => ({ name, label, recall }))
    .filter(({ recall }) => recall !== null)
    .toSorted((a, b) => a.recall! - b.recall!)
    .slice(0, mostCurves);
}

/** The part of a line within a rectangle; where it leaves, it is cut. */
function within(
  points: readonly { x: number; y: number }[],
  { right, bottom }: { right: number; bottom: number },
): { x: number; y: number }[] {
  return points.flatMap((point, index) => {
    const isInside = ({ x, y }: { x: number; y: number }) => x <= right && y >= bottom;
    if (isInside(point)) return [point];
    const before = points[index - 1];
    const after = points[index + 1];
    if (before !== undefined && isInside(before)) return [cut(before, point, right, bottom)];
    return after !== undefined && isInside(after) ? [cut(after, point, right, bottom)] : [];
  });
}

function cut(
  inside: { x: number; y: number },
  outside: { x: number; y: number },
  right: number,
  bottom: number,
): { x: number; y: number } {
  const along = Math.min(
    outside.x > right ? (right - inside.x) / (outside.x - inside.x) : 1,
    outside.y < bottom ? (inside.y - bottom) / (inside.y - outside.y) : 1,
  );
  return { x: inside.x + along * (outside.x - inside.x), y: inside.y + along * (outside.y - inside.y) };
}

function sampled<Point extends object>(points: readonly Point[]): Point[] {
  const dense = thinned(points);
  const step = Math.max(1, (dense.length - 1) / (tableRows - 1));
  return Array.from(
    { length: Math.min(tableRows, dense.length) },
    (_, index) => dense[Math.min(dense.length - 1, Math.round(index * step))]!,
  );
}
