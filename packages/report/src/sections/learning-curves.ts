/** Loss and accuracy of each member over its epochs. */

import type { StoredEpoch } from '@chorus/orchestration';
import { color, seriesColor } from '../chart.ts';
import { type LineSeries, lines } from '../charts/lines.ts';
import { figure, narrowWidth } from '../figure.ts';
import { integer, number, percent } from '../format.ts';
import { groupBy } from '../group-by.ts';
import { type Html, html } from '../html.ts';

/** Two charts per member, in the order of the names; null without epochs. */
export async function learningCurves(names: readonly string[], epochs: readonly StoredEpoch[]): Promise<Html | null> {
  if (epochs.length === 0) return null;
  const members = groupBy(epochs, ({ member }) => member);
  const figures: Html[] = [];
  for (const name of names) {
    const own = members.get(name);
    if (own !== undefined) figures.push(await curvesOf(name, trainingsOf(own)));
  }
  return html`<h3>Learning curves</h3>
<p>${
    epochs.some(({ fold }) => fold.kind === 'fold') &&
    (epochs.some(({ fold }) => fold.kind !== 'fold')
      ? 'The bold lines are the training on all images, whose model is kept; the thin ones are the trainings without a fold, whose predictions the stackers learn from. '
      : 'The bold lines are the training without the first fold, the thin ones those without another; all their models are kept. ')
  }A dot marks the epoch whose weights are kept.</p>
${figures}`;
}

// --- internal ---

interface Training {
  task: string;
  /** With the number of epochs before its stage. */
  epochs: (StoredEpoch & { x: number })[];
  stages: { name: string; x: number }[];
}

function trainingsOf(epochs: readonly StoredEpoch[]): Training[] {
  const trainings = [...groupBy(epochs, ({ task }) => task)].map(([task, own]): Training => {
    const stages: Training['stages'] = [];
    let offset = 0;
    const numbered = [...groupBy(own, ({ stage }) => stage)].flatMap(([name, inStage]) => {
      const sorted = inStage.toSorted((a, b) => a.epochIndex - b.epochIndex);
      stages.push({ name, x: offset });
      const placed = sorted.map((epoch) => ({ ...epoch, x: offset + epoch.epochIndex + 1 }));
      offset = placed.at(-1)!.x;
      return placed;
    });
    return { task, epochs: numbered, stages };
  });
  const rank = ({ epochs: [first] }: Training) => (first!.fold.kind === 'fold' ? 1 : 0);
  return trainings.toSorted((a, b) => rank(a) - rank(b));
}

async function curvesOf(name: string, [main, ...folds]: Training[]): Promise<Html> {
  const { epochs, stages } = main!;
  const marks = (stages.length < 2 ? [] : stages).map(({ name: text, x }) => ({ x, text }));
  const last = Math.max(1, ...[main!, ...folds].map((training) => training.epochs.at(-1)!.x));
  const x = { title: 'epoch', format: 'd', domain: [0, last] as const };
  const pointsOf = (own: Training['epochs'], key: 'loss' | 'tuneLoss' | 'tuneAccuracy') =>
    own.flatMap((epoch) => (epoch[key] === null ? [] : [{ x: epoch.x, y: epoch[key] }]));
  const seriesOf = (key: 'tuneLoss' | 'tuneAccuracy'): LineSeries[] => [
    ...folds.map((fold) => ({ color: color.accent, width: 1, opacity: 0.3, points: pointsOf(fold.epochs, key) })),
    { color: color.accent, width: 2.5, points: pointsOf(epochs, key) },
  ];
  const kept = [...groupBy(epochs, ({ stage }) => stage).values()].flatMap(
    (own) => own.filter(({ best }) => best).at(-1) ?? [],
  );
  const dots = (key: 'tuneLoss' | 'tuneAccuracy') =>
    kept.flatMap((epoch) => (epoch[key] === null ? [] : [{ x: epoch.x, y: epoch[key], color: color.accent }]));
  const losses = [
    ...pointsOf(epochs, 'loss'),
    ...[epochs, ...folds.map((fold) => fold.epochs)].flatMap((own) => pointsOf(own, 'tuneLoss')),
  ]
    .map(({ y }) => y)
    .toSorted((a, b) => a - b);
  // The first epochs may be so high that nothing else is visible.
  const top = Math.min(losses.at(-1) ?? 1, 1.6 * (losses[Math.floor(losses.length * 0.95)] ?? 1));
  const clipped = (series: LineSeries): LineSeries => ({
    ...series,
    points: series.points.map((point) => ({ ...point, y: Math.min(top, point.y) })),
  });
  const size = { width: narrowWidth, height: 220 };
  const rows = epochs.map((epoch) => [
    ...[integer(epoch.x), epoch.stage, number(epoch.loss), number(epoch.tuneLoss), percent(epoch.tuneAccuracy)],
  ]);
  const table = { columns: ['epoch', 'stage', 'loss, fit', 'loss, tune', 'accuracy, tune'], rows };
  const final = kept.at(-1);
  return html`<div class="pair member">
${await figure({
  title: `${name}: loss`,
  chart: lines(
    [{ color: seriesColor(1), width: 2, dash: [5, 3], points: pointsOf(epochs, 'loss') }, ...seriesOf('tuneLoss')].map(
      clipped,
    ),
    {
      ...{ ...size, x, marks, label: `Loss of ${name} over ${integer(last)} epochs.` },
      y: { title: 'log loss', format: '.3~g', domain: [0, top * 1.08] },
      dots: dots('tuneLoss').filter(({ y }) => y <= top),
    },
  ),
  legend: [
    { name: 'tune images', series: 'accent' },
    { name: 'fit images, with augmentation', series: 1 },
  ],
  table,
})}
${await figure({
  title: `${name}: accuracy`,
  chart: lines(seriesOf('tuneAccuracy'), {
    ...{ ...size, x, marks, label: `Accuracy of ${name} on the tune images over ${integer(last)} epochs.` },
    y: { title: 'accuracy' },
    dots: dots('tuneAccuracy'),
  }),
  legend: [{ name: 'tune images', series: 'accent' }],
  caption:
    final &&
    `Kept: epoch ${integer(final.x)}, log loss ${number(final.tuneLoss)}, accuracy ${percent(final.tuneAccuracy)} on the tune images.`,
})}
</div>`;
}
