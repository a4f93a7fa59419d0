/** What `chorus runs` prints. */

import { basename } from 'node:path';
import type { PastRun, RunComparison } from '@chorus/orchestration';
import { printable } from './printable.ts';
import { size } from './size.ts';
import { table } from './table.ts';

/** A row per run. */
export function runTable(runs: readonly PastRun[]): string {
  return table([
    ['run', 'preset', 'started', 'state', 'accuracy', 'size'],
    ...runs.map(({ name, preset, startedAt, state, accuracy, bytes }) => [
      printable(name),
      printable(preset),
      localTime(startedAt),
      state,
      percent(accuracy),
      size(bytes),
    ]),
  ]);
}

/** What is removed, or would be. */
export function removal(runs: readonly PastRun[], yes: boolean): string {
  if (runs.length === 0)
    return 'nothing to remove: no run failed, or stopped before a member was trained; to remove other runs, name their folders';
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  const count = runs.length === 1 ? '1 run' : `${runs.length} runs`;
  return [
    runTable(runs),
    yes
      ? `removing ${count}, ${size(bytes)}`
      : `${count}, ${size(bytes)}; nothing was removed: add --yes to remove ${runs.length === 1 ? 'it' : 'them'}`,
  ].join('\n');
}

/** Accuracies side by side, the runs in columns A, B, …; then the differing keys of the experiments. */
export function comparison({ runs, differences, sameImages }: RunComparison): string {
  const columns = runs.map(({ report }) => ({
    ensemble: report.stackers.find(({ chosen }) => chosen)?.kind,
    accuracies: new Map([
      ...report.stackers.map(({ kind, test }) => [`stack: ${kind}`, test.accuracy] as const),
      ...report.members.map(({ name, test }) => [name, test?.accuracy ?? null] as const),
      // No member has its name.
      ...(report.student === undefined ? [] : [[report.student.name, report.student.test?.accuracy ?? null] as const]),
    ]),
  }));
  const names = [...new Set(columns.flatMap(({ accuracies }) => [...accuracies.keys()]))];
  const cell = ({ ensemble, accuracies }: (typeof columns)[number], name: string) =>
    accuracies.has(name) ? `${percent(accuracies.get(name)!)}${name === `stack: ${ensemble}` ? ' *' : ''}` : '-';
  // Names of run folders are too wide for a column.
  const titles = runs.map((_, index) => columnTitle(index));
  return [
    ...runs.map(({ folder }, index) => `${columnTitle(index)}: ${printable(basename(folder))}`),
    '',
    table([['accuracy', ...titles], ...names.map((name) => [name, ...columns.map((column) => cell(column, name))])]),
    '* the ensemble, chosen on out-of-fold predictions',
    ...(sameImages ? [] : ['the runs were not tested on the same images: their accuracies are not comparable']),
    '',
    ...(differences.length === 0
      ? ['the experiments are equal']
      : [
          table([
            ['experiment', ...titles],
            ...differences.map(({ key, values }) => [key, ...values.map((value) => printable(shown(value)))]),
          ]),
        ]),
  ].join('\n');
}

// --- internal ---

function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(1)} %`;
}

/** A to Z, then A1 to Z1 and so on. */
function columnTitle(index: number): string {
  const round = Math.floor(index / 26);
  return `${String.fromCharCode(65 + (index % 26))}${round === 0 ? '' : round}`;
}

/** Longest value in a table; `--json` has all of it. */
const valueWidth = 30;

function shown(value: unknown): string {
  const text = value === undefined ? '-' : JSON.stringify(value);
  return text.length <= valueWidth ? text : `${text.slice(0, valueWidth - 1)}…`;
}

/** Such as 2026-11-24 09:30, in the user's time zone. */
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
