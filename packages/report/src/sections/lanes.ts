import type { Report } from '@chorus/orchestration';
import { color, seriesColor, seriesCount } from '../chart.ts';
import { gantt } from '../charts/gantt.ts';
import { figure, inBothWidths, table } from '../figure.ts';
import { duration, gigabytes, integer, percent } from '../format.ts';
import { html } from '../html.ts';
import type { Section } from './section.ts';

/** What the run cost: time of its phases and lanes, memory. */
export async function timeSection(report: Report): Promise<Section> {
  const { lanes, seconds, lanesBusy, peakMemoryBytes } = report;
  const body = html`<p>The run took ${duration(seconds.total)} and at most ${gigabytes(peakMemoryBytes)} of memory on ${
    lanes.length === 1 ? 'one lane' : `${integer(lanes.length)} lanes`
  }.
${lanesBusy !== null && `Between decoding and stacking, the lanes worked ${percent(lanesBusy, 0)} of the time.`}</p>
${lanes.some(({ spans }) => spans !== undefined && spans.length > 0) ? await chart(report) : lanesTable(report)}`;
  return { id: 'lanes', title: 'Time', body };
}

// --- internal ---

const opacityOf = { train: 1, features: 0.65, predict: 0.4, explain: 0.4 } as const;

async function chart(report: Report) {
  const { lanes, members, seconds } = report;
  const names = lanes.map(({ device }, index) =>
    lanes.filter((lane) => lane.device === device).length > 1 ? `${device} (${index + 1})` : device,
  );
  const memberNames = [
    ...members.map(({ name }) => name),
    ...(report.student === undefined ? [] : [report.student.name]),
  ];
  const work = lanes.flatMap(({ spans = [] }, index) =>
    spans.map(({ task, kind, fromSeconds: from, toSeconds: to }) => {
      const member = memberNames.findIndex((name) => task === name || task.startsWith(`${name}/`));
      const fill = member === -1 ? color.muted : seriesColor(member);
      return { lane: names[index]!, from, to, color: fill, opacity: opacityOf[kind] };
    }),
  );
  const { total, ...phaseSeconds } = seconds;
  const order = ['prepare', 'decode', 'members', 'stack', 'student', 'test'] as const;
  let from = 0;
  const phases = order.flatMap((name) => {
    const length = phaseSeconds[name];
    if (length === undefined || length === 0) return [];
    const phase = { name, from, to: from + length };
    from = phase.to;
    return [phase];
  });
  const all = total > from ? [...phases, { name: 'write', from, to: total }] : phases;
  const options = { lanes: names, phases: all, label: `Work of ${lanes.length} lanes over ${duration(total)}.` };
  return figure({
    title: 'Lanes',
    chart: inBothWidths(760, (width) => gantt(work, { ...options, width })),
    legend: memberNames.map((name, series) => ({ name, series: series % seriesCount })),
    caption:
      'Full color: training; lighter: features of the frozen layers; lightest: predictions and Grad-CAM. Gaps: waiting.',
    table: {
      columns: ['lane', 'task', 'kind', 'from', 'to'],
      rows: lanes.flatMap(({ spans = [] }, index) =>
        spans.map((span) => [
          names[index]!,
          span.task,
          span.kind,
          duration(span.fromSeconds),
          duration(span.toSeconds),
        ]),
      ),
    },
  });
}

/** For runs of earlier versions, which did not record when a task started. */
function lanesTable({ lanes }: Report) {
  return table({
    columns: ['lane', 'worked', 'tasks', 'waited longest for'],
    rows: lanes.map(({ device, busySeconds, tasks, waits }) => {
      const longest = waits.toSorted((a, b) => b.seconds - a.seconds)[0];
      return [
        ...[device, duration(busySeconds), integer(tasks.length)],
        longest === undefined ? '–' : `${longest.for} (${duration(longest.seconds)})`,
      ];
    }),
  });
}
