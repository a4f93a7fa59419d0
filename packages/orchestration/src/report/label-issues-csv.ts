/** `label-issues.csv`: every image with an implausible label, the worst first; `data.exclude` reads it. */
import type { LabelIssue } from '@chorus/evaluation';
import { csvLine } from '../csv.ts';
import type { RunAudit } from './label-audit.ts';

/**
 * The label issues of a run:
 * `path,set,label,suggested,probabilityOfLabel,probabilityOfSuggested,score` (RFC 4180, but lines end in LF), sorted by score.
 */
export function runIssuesCsv({ training, test }: RunAudit): string {
  const issues = [
    ...(training?.issues ?? []).map((issue) => ({ set: 'training', issue })),
    ...test.issues.map((issue) => ({ set: 'test', issue })),
  ].toSorted((a, b) => a.issue.score - b.issue.score);
  const [path, ...columns] = issueColumns;
  return [
    csvLine([path, 'set', ...columns]),
    ...issues.map(({ set, issue }) => {
      const [own, ...cells] = issueCells(issue);
      return csvLine([own!, set, ...cells]);
    }),
  ].join('');
}

/** Label issues of one set of images, in the given order: as {@link runIssuesCsv}, without the column `set`. */
export function issuesCsv(issues: readonly LabelIssue[]): string {
  return [csvLine(issueColumns), ...issues.map((issue) => csvLine(issueCells(issue)))].join('');
}

// --- internal ---

const issueColumns = [
  'path',
  'label',
  'suggested',
  'probabilityOfLabel',
  'probabilityOfSuggested',
  'score',
] as const satisfies readonly (keyof LabelIssue)[];

function issueCells(issue: LabelIssue): (string | number)[] {
  return issueColumns.map((column) => issue[column]);
}
