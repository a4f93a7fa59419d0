import type { Report, StoredEpoch } from '@chorus/orchestration';
import { color } from '../chart.ts';
import { bars } from '../charts/bars.ts';
import { heatMap } from '../charts/heat-map.ts';
import { figure, narrowWidth, table } from '../figure.ts';
import { duration, integer, number, percent } from '../format.ts';
import { type Html, html } from '../html.ts';
import { learningCurves } from './learning-curves.ts';
import type { Section } from './section.ts';
import { stackerCurves } from './stacker-curves.ts';
import { viewsChoice } from './views.ts';

/** The members: what they are, what each adds, how they differ and how they learned. */
export async function membersSection(report: Report, epochs: readonly StoredEpoch[]): Promise<Section> {
  const body = html`${diagram(report)}
${overview(report)}
${report.analysis !== null && html`<div class="pair">${await gains(report.analysis)}${await disagreement(report.analysis)}</div>`}
${viewsChoice(report)}
${await learningCurves(
  [...report.members.map(({ name }) => name), ...(report.student === undefined ? [] : [report.student.name])],
  epochs,
)}
${await stackerCurves(report)}`;
  return { id: 'members', title: 'Members', body };
}

// --- internal ---

/** From the picture to the probabilities, as `plot_model` of Keras draws it. */
function diagram({ members, stackers, dataset, costs, analysis }: Report): Html | null {
  const chosen = stackers.find((stacker) => stacker.chosen);
  if (chosen === undefined) return null;
  const used = members.filter(({ predictsWith }) => predictsWith !== null);
  const applied = analysis?.calibration.applied ?? 'none';
  const costOf = (name: string) => costs?.members.find((cost) => cost.name === name);
  const classCount = dataset.classes.length;
  return html`<figure class="diagram" aria-label="The ensemble, from the picture to the probabilities">
<h3>The ensemble</h3>
<ol>
<li class="box">picture<small>RGB, any size</small></li>
<li class="fan"><ul>${used.map(({ name, backbone, inputSize }) => {
    const cost = costOf(name);
    return html`<li class="box">${name}<small>${backbone}</small><small>${inputSize} × ${inputSize} pixels</small>${
      cost && html`<small>${number(cost.parameters / 1e6)} M parameters</small>`
    }<small>→ ${classCount} probabilities</small></li>`;
  })}</ul></li>
<li class="box strong">stacker: ${chosen.kind}<small>reads ${
    chosen.kind === 'features' ? "the members' features" : `${integer(used.length * classCount)} probabilities`
  }</small></li>
${applied !== 'none' && html`<li class="box">calibration: ${applied}</li>`}
<li class="box">${classCount} probabilities<small>${dataset.classes.join(', ').length <= 60 ? dataset.classes.join(', ') : ''}</small></li>
</ol>
</figure>`;
}

function overview({ members, student, edits }: Report): Html {
  const rows = [...members, ...(student === undefined ? [] : [{ ...student, outOfFold: null }])];
  const retried = rows.flatMap(({ name, trainings }) =>
    trainings.flatMap(({ retry }) => (retry === undefined ? [] : [html`<li>${name}: ${retry.text}.</li>`])),
  );
  const older = rows.flatMap(({ name, trainings }) =>
    trainings.flatMap(({ otherPlan }) => (otherPlan === undefined ? [] : [html`<li>${name}: ${otherPlan}</li>`])),
  );
  return html`<h3>Results of each member</h3>
${table({
  columns: ['', 'backbone', 'input', 'out of fold', 'test', 'log loss', 'time', 'predicts with'],
  rows: rows.map(({ name, backbone, inputSize, outOfFold, test, seconds, status, reason, predictsWith }) => [
    ...[
      name,
      backbone,
      `${inputSize} px`,
      percent(outOfFold?.accuracy),
      percent(test?.accuracy),
      number(test?.logLoss),
    ],
    duration(seconds),
    status === 'failed' ? html`<b>failed</b>: ${reason ?? 'no reason given'}` : (predictsWith ?? 'dropped'),
  ]),
})}
${retried.length > 0 && html`<p>Trainings that were retried:</p><ul>${retried}</ul>`}
${
  edits.length > 0 &&
  html`<p>Edited since the run was started:</p><ul>${edits.map((edit) => html`<li>${edit}</li>`)}</ul>
${older.length > 0 && html`<p>Trained before that:</p><ul>${older}</ul>`}`
}`;
}

function gains({ members }: NonNullable<Report['analysis']>): Promise<Html> {
  const sorted = members.toSorted((a, b) => b.gain - a.gain);
  return figure({
    title: 'What each member adds',
    chart: bars(
      sorted.map(({ name, gain }) => ({
        ...{ name, value: gain, text: gain.toFixed(4), color: gain < 0 ? color.muted : color.accent },
      })),
      {
        width: narrowWidth,
        label: `What each member adds to the mean of the members: ${sorted.map(({ name, gain }) => `${name} ${gain.toFixed(4)}`).join(', ')}.`,
      },
    ),
    caption:
      'By how much the log loss of the mean of the members rises without the member, out of fold. Below zero, the mean is better without it.',
    table: { columns: ['', 'gain'], rows: sorted.map(({ name, gain }) => [name, gain.toFixed(5)]) },
  });
}

async function disagreement({ pairs }: NonNullable<Report['analysis']>): Promise<Html | null> {
  if (pairs.length === 0) return null;
  const names = [...new Set(pairs.flatMap(({ members }) => members))];
  const most = Math.max(...pairs.map((pair) => pair.disagreement), 1e-9);
  const cells = pairs.flatMap(({ members, disagreement: share }) =>
    [members, members.toReversed()].map(([a, b]) => ({
      ...{ row: names.indexOf(a!), column: names.indexOf(b!), share: (0.85 * share) / most, text: percent(share) },
    })),
  );
  const own = names.map((_, index) => ({ row: index, column: index, share: 0, text: '' }));
  return figure({
    title: 'Disagreement',
    chart: heatMap([...cells, ...own], {
      ...{ label: 'Share of the images that two members classify differently.', names, rows: '', columns: '' },
      width: names.length > 6 ? 560 : narrowWidth,
    }),
    caption:
      'Share of the images that two members classify differently, out of fold. Members that err on different images make a better ensemble.',
    table: {
      columns: ['pair', 'classified differently', 'both wrong'],
      rows: pairs.map(({ members: [a, b], disagreement: share, doubleFault }) => [
        ...[`${a} and ${b}`, percent(share, 2), percent(doubleFault, 2)],
      ]),
    },
  });
}
