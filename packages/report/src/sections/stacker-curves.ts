/** How the stackers that are fitted in epochs have learned. */
import type { Report } from '@chorus/orchestration';
import { color, seriesColor } from '../chart.ts';
import { lines } from '../charts/lines.ts';
import { figure, narrowWidth } from '../figure.ts';
import { integer, number } from '../format.ts';
import { type Html, html } from '../html.ts';

type Curve = NonNullable<Report['stackers'][number]['curve']>;

/** A chart per stacker; null if there are none. */
export async function stackerCurves({ stackers }: Report): Promise<Html | null> {
  const figures: Html[] = [];
  for (const { kind, chosen, curve } of stackers) if (curve !== null) figures.push(await curveOf(kind, chosen, curve));
  return figures.length === 0 ? null : html`<div class="pair">${figures}</div>`;
}

// --- internal ---

/** Rows of the table of numbers. */
const mostRows = 40;

function curveOf(kind: string, chosen: boolean, { fit, validation, keptEpochIndex }: Curve): Promise<Html> {
  const points = (losses: Curve['fit']) => losses.flatMap((y, index) => (y === null ? [] : [{ x: index + 1, y }]));
  const kept = points(validation ?? fit).filter(({ x }) => x - 1 === keptEpochIndex);
  const stride = Math.ceil(fit.length / mostRows);
  const epochs = [...fit.keys()].filter((index) => index % stride === 0 || index === keptEpochIndex);
  const keptText = keptEpochIndex === null ? 'the initial weights' : `epoch ${integer(keptEpochIndex + 1)}`;
  return figure({
    title: `Stacker ${kind}: loss`,
    chart: lines(
      [
        { color: seriesColor(1), width: 2, dash: [5, 3], points: points(fit) },
        ...(validation === null ? [] : [{ color: color.accent, width: 2.5, points: points(validation) }]),
      ],
      {
        ...{
          width: narrowWidth,
          height: 220,
          label: `Loss of the stacker ${kind} over ${integer(fit.length)} epochs.`,
        },
        x: { title: 'epoch', format: 'd', domain: [0, fit.length] },
        y: { title: 'log loss', format: '.3~g' },
        dots: kept.map((point) => ({ ...point, color: validation === null ? seriesColor(1) : color.accent })),
      },
    ),
    legend: [
      ...(validation === null ? [] : [{ name: 'a fifth of the images, set aside', series: 'accent' as const }]),
      { name: 'the others', series: 1 },
    ],
    caption: `Fitted on out-of-fold predictions of the members${chosen ? '; the ensemble uses it' : ', but not chosen'}. Kept: ${keptText}.`,
    table: {
      columns: ['epoch', 'loss, fit', ...(validation === null ? [] : ['loss, set aside'])],
      rows: epochs.map((index) => [
        ...[integer(index + 1), number(fit[index])],
        ...(validation === null ? [] : [number(validation[index])]),
      ]),
    },
  });
}
