import { join } from 'node:path';
import type { SeedsSummary } from '@chorus/orchestration';
import { table } from './table.ts';

/** The scores of all classifiers over several seeds, and where the runs are. */
export function seedsTable({ seeds, sameImages, testCounts, ensemble, members }: SeedsSummary, folder: string): string {
  const percent = (share: number) => (100 * share).toFixed(1);
  const rows = [['ensemble', ensemble] as const, ...Object.entries(members)].map(([name, { accuracy, logLoss }]) => [
    name,
    `${percent(accuracy.mean)} %`,
    accuracy.standardDeviation === null ? '–' : percent(accuracy.standardDeviation),
    accuracy.interval === null ? '–' : `${accuracy.interval.map(percent).join(' to ')} %`,
    logLoss.mean.toFixed(4),
    accuracy.scores.map(percent).join(' '),
  ]);
  const images = sameImages
    ? `the same ${testCounts[0]} test images`
    : `${[...new Set(testCounts)].join(' or ')} test images each, drawn anew for each seed`;
  return [
    '',
    table([['', 'accuracy', 'SD', '95 % interval', 'log loss', 'of each seed'], ...rows]),
    `means over the seeds ${seeds[0]} to ${seeds.at(-1)} on ${images}; SD in percentage points; the intervals allow for other seeds and other images`,
    `summary: ${join(folder, 'seeds.json')}`,
    `runs: ${join(folder, `seed-${seeds[0]}`)} and ${seeds.length - 1} more`,
  ].join('\n');
}
