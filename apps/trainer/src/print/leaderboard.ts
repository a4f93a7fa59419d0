import { join } from 'node:path';
import type { Report, Score } from '@chorus/orchestration';
import { countsLine } from './counts-line.ts';
import { duplicateCounts } from './duplicate-lines.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';
import { unusedEntries } from './unused-entries.ts';

/** The end of a run: every classifier, the failed members with their reasons, the verdict, where it all lies. */
export function leaderboard(report: Report, folder: string): string {
  const members = report.members.flatMap((member) =>
    member.test === null
      ? []
      : [{ name: member.name, note: member.name === report.bestMember ? 'best member' : '', score: member.test }],
  );
  const stackers = report.stackers.map((stacker) => ({
    name: `stack: ${stacker.kind}`,
    note: stacker.chosen ? 'chosen' : '',
    score: stacker.test,
  }));
  const rows = [...stackers, ...members].toSorted(
    (a, b) => b.score.accuracy - a.score.accuracy || a.score.logLoss - b.score.logLoss,
  );
  const failed = report.members.filter((member) => member.status !== 'done');
  const { counts, duplicates, notices } = report.dataset;
  const lines = [
    '',
    table([
      ['', 'accuracy', '95 % interval', 'right', 'log loss', ''],
      ...rows.map(({ name, note, score }) => [name, ...scoreCells(score), note]),
    ]),
    '',
    ...failed.map((member) => `${member.status}: ${member.name}: ${printable(member.reason ?? 'no reason given')}`),
    ...notices.map((notice) => `note: ${printable(notice)}`),
    ...unusedEntries(report.dataset, 'all are listed in dataset.skipped of the report'),
    ...(duplicates.length === 0 ? [] : [`${duplicateCounts(duplicates)}; see dataset.duplicates in the report`]),
    report.verdict,
    ...report.flaws.map(({ name, description }) => `flaw: ${name}: ${description}`),
    `images: ${countsLine(counts)}; ${report.seconds.total.toFixed(0)} s`,
    ...report.lanes.map(laneLine),
    `report: ${join(folder, 'report.json')}`,
    `bundle: ${join(folder, 'bundle')}`,
  ];
  return lines.join('\n');
}

function laneLine({ device, busySeconds, waits }: Report['lanes'][number]): string {
  const long = waits.filter(({ seconds }) => seconds >= 0.1).toSorted((a, b) => b.seconds - a.seconds);
  const waited = long.map((wait) => `${wait.seconds.toFixed(1)} s for ${wait.for}`).join(', ');
  return `${device}: worked ${busySeconds.toFixed(1)} s${waited === '' ? '' : `, waited ${waited}`}`;
}

/** Accuracy, its interval, right answers and log loss, as cells of a table. */
export function scoreCells({ accuracy, wilson95, correct, count, logLoss }: Score): string[] {
  const percent = (share: number) => (100 * share).toFixed(1);
  return [
    `${percent(accuracy)} %`,
    `${percent(wilson95[0])} to ${percent(wilson95[1])} %`,
    `${correct} of ${count}`,
    logLoss.toFixed(4),
  ];
}
