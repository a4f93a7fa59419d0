/** Lists images with implausible labels, the worst first. */
import { z } from 'zod';
import { checkPaths } from '../score.ts';
import { findLabelIssuesWithPauses } from './find-label-issues.ts';
import { labelQuality, mostProbableOther } from './label-quality.ts';
import type { LabeledProbabilities } from './labeled-probabilities.ts';

const share = z.number().min(0).max(1);

export const labelIssueSchema = z.strictObject({
  path: z.string().describe('Path of the image, relative to the data folder.'),
  label: z.string().describe('The given class.'),
  suggested: z.string().describe('The most probable other class.'),
  probabilityOfLabel: share.describe('Probability of the given class.'),
  probabilityOfSuggested: share.describe('Probability of the suggested class.'),
  score: share.describe(
    'Plausibility of the given label, the normalized margin: (1 + probabilityOfLabel − probabilityOfSuggested) / 2; 0 is the least plausible.',
  ),
});

export type LabelIssue = z.output<typeof labelIssueSchema>;

export interface LabelAudit {
  /** Number of images examined. */
  examined: number;
  /** The images whose labels are implausible, the lowest score first. */
  issues: LabelIssue[];
}

/**
 * Finds images with implausible labels by confident learning, and ranks them by normalized margin.
 *
 * @param probabilities [images, classes], from a classifier that was not trained on these images.
 * @param images paths and labels of the rows.
 * @param pause called every few milliseconds of work; its errors end the audit.
 * @throws Error as `findLabelIssues`, and for another number of paths.
 */
export async function auditLabels(
  probabilities: Float32Array,
  { paths, labels }: { paths: readonly string[]; labels: ArrayLike<number> },
  classes: readonly string[],
  pause: () => Promise<void>,
): Promise<LabelAudit> {
  checkPaths(paths, labels);
  const rows: LabeledProbabilities = { probabilities, labels, classCount: classes.length };
  const found = await findLabelIssuesWithPauses(rows, pause);
  const scores = labelQuality(rows, 'normalizedMargin');
  const probabilityOf = (row: number, label: number) =>
    Math.min(1, Math.max(0, probabilities[row * classes.length + label]!));
  const issues = Array.from(found, (row): LabelIssue => {
    const suggested = mostProbableOther(rows, row);
    return {
      path: paths[row]!,
      label: classes[labels[row]!]!,
      suggested: classes[suggested]!,
      probabilityOfLabel: probabilityOf(row, labels[row]!),
      probabilityOfSuggested: probabilityOf(row, suggested),
      score: Math.min(1, Math.max(0, scores[row]!)),
    };
  });
  // The sort is stable: of equal scores, the first row comes first.
  return { examined: labels.length, issues: issues.sort((a, b) => a.score - b.score) };
}
