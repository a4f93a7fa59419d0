import { join } from 'node:path';
import type { Report } from '@chorus/orchestration';
import { commandName } from './command-name.ts';
import { duplicateCounts } from './duplicate-lines.ts';
import { editLines } from './edit-lines.ts';
import { balancedLines, calibrationLine, droppedLine, sureAnswersLine, viewsLine } from './ensemble-lines.ts';
import { balancesClasses, imbalanceLine } from './imbalance-line.ts';
import { labelAuditLine } from './label-audit-line.ts';
import { printable } from './printable.ts';
import { retryLines } from './retry-lines.ts';
import { scoreCells } from './score-cells.ts';
import { soupLines } from './soup-lines.ts';
import { studentLine } from './student-line.ts';
import { table } from './table.ts';
import { timeBudgetLines } from './time-budget-lines.ts';
import { unusedEntries } from './unused-entries.ts';

/**
 * The end of a run: every classifier on the test images, what went wrong, the verdict, and where report and bundle are. All else
 * is in the report.
 */
export function leaderboard(report: Report, folder: string): string {
  const members = report.members.flatMap((member) =>
    member.test === null
      ? []
      : [{ name: member.name, note: member.name === report.bestMember ? 'best member *' : '', score: member.test }],
  );
  const stackers = report.stackers.map((stacker) => ({
    name: `stack: ${stacker.kind}`,
    note: stacker.chosen ? 'chosen *' : '',
    score: stacker.test,
  }));
  const { student } = report;
  const students = student?.test ? [{ name: student.name, note: 'student', score: student.test }] : [];
  const rows = [...stackers, ...members, ...students].toSorted(
    (a, b) => b.score.accuracy - a.score.accuracy || a.score.logLoss - b.score.logLoss,
  );
  const failed = report.members.filter((member) => member.status !== 'done');
  const { duplicates, notices } = report.dataset;
  const forOwnImages = report.demo ? ` For your own images: ${commandName} train --data DIR` : '';
  const hasBundle = report.bestMember !== null;
  return [
    '',
    ...(rows.length === 0
      ? []
      : [
          table([
            ['', 'accuracy', '95 % interval', 'correct', 'log loss', ''],
            ...rows.map(({ name, note, score }) => [name, ...scoreCells(score), note]),
          ]),
          '* chosen on out-of-fold predictions, before any test image was read',
          '',
        ]),
    ...failed.map((member) => `${member.status}: ${member.name}: ${printable(member.reason ?? 'no reason given')}`),
    ...retryLines(report),
    ...editLines(report),
    ...notices.map((notice) => `note: ${printable(notice)}`),
    ...report.stackerNotes.map((note) => `note: ${note}`),
    ...report.restarts.map(({ note }) => `note: ${printable(note)}`),
    ...unusedEntries(report.dataset, 'all are listed in dataset.skipped of the report'),
    ...(duplicates.length === 0 ? [] : [`${duplicateCounts(duplicates)}; see dataset.duplicates in the report`]),
    ...studentLine(student),
    ...soupLines(report),
    ...(balancesClasses(report.imbalance) ? [imbalanceLine(report.imbalance)] : []),
    ...timeBudgetLines(report.timeBudget),
    ...balancedLines(report),
    ...viewsLine(report),
    ...calibrationLine(report),
    ...droppedLine(report),
    ...sureAnswersLine(report.analysis),
    ...labelAuditLine(report.labelAudit, join(folder, 'label-issues.csv')),
    ...report.flaws.map(({ name, description }) => `flaw: ${name}: ${description}`),
    `${report.verdict}${forOwnImages}`,
    `report: ${join(folder, 'report.json')}`,
    ...(hasBundle ? [`bundle: ${join(folder, 'bundle')}`] : []),
  ].join('\n');
}
