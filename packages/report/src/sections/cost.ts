import type { Report } from '@chorus/orchestration';
import { table } from '../figure.ts';
import { number, percent } from '../format.ts';
import { html } from '../html.ts';
import type { Section } from './section.ts';

/** What a prediction costs; null without an ensemble. */
export function costSection({ costs, members, stackers, student, pruning, lanes }: Report): Section | null {
  if (costs === null) return null;
  const accuracyOf = (name: string) => members.find((member) => member.name === name)?.test?.accuracy;
  const chosen = stackers.find((stacker) => stacker.chosen);
  const rows = [
    { name: 'ensemble', accuracy: chosen?.test.accuracy, ...costs.ensemble },
    ...costs.members.map((cost) => ({ ...cost, accuracy: accuracyOf(cost.name) })),
  ].map(({ name, accuracy, parameters, megabytes, milliseconds, work }) => [
    ...[name, percent(accuracy), `${number(megabytes)} MB`, `${number(parameters / 1e6)} M`],
    ...[milliseconds === null ? '–' : `${number(milliseconds)} ms`, percent(work, 0)],
  ]);
  const small = student?.test && student.cost?.student;
  const body = html`<p>Times are those of the test of this run: one lane (${[...new Set(lanes.map(({ device }) => device.replace(/:\d+$/, '')))].join(', ')}), an image at a time within batches${
    chosen && ', with all models of a member and test-time augmentation if it is on'
  }.</p>
${table({
  columns: ['', 'accuracy', 'size', 'parameters', 'time per image', 'share of the work'],
  rows: [
    ...rows,
    ...(small
      ? [
          [
            ...[student!.name, percent(student!.test!.accuracy), `${number(small.bytes / 1e6)} MB`],
            ...[`${number(small.parameters / 1e6)} M`],
            ...[small.millisecondsPerImage === null ? '–' : `${number(small.millisecondsPerImage)} ms`, '–'],
          ],
        ]
      : []),
  ],
})}
${pruning && pruning.dropped.length > 0 && html`<p>Dropped to stay within the limits: ${pruning.dropped.join(', ')}.</p>`}`;
  return { id: 'cost', title: 'Cost of a prediction', body };
}
