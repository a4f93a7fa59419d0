/** Lines about the ensemble below the leaderboard. */
import type { Report } from '@chorus/orchestration';
import { balancedLine } from './score-cells.ts';

/** Scores of the ensemble that count every class equally, if the classes differ much in their number of test images. */
export function balancedLines({
  stackers,
  baseline,
  dataset,
}: Pick<Report, 'stackers' | 'baseline' | 'dataset'>): string[] {
  const chosen = stackers.find((stacker) => stacker.chosen);
  const isImbalanced = baseline * dataset.classes.length > 1.5;
  return chosen !== undefined && isImbalanced ? [`the ensemble's ${balancedLine(chosen.test)}`] : [];
}

/** Which images to leave to a human for 99 % accuracy; no line if the ensemble reaches it on all images, or not at all. */
export function sureAnswersLine(analysis: Report['analysis']): string[] {
  const answers = analysis?.answers.find(({ wanted }) => wanted === 0.99);
  if (!answers || answers.threshold === null || answers.test === null || answers.test.coverage === 1) return [];
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { threshold, test } = answers;
  const correct = test.accuracy === null ? '' : `, ${percent(test.accuracy)} of them correct`;
  return [
    `for 99 % accuracy, accept predictions with a probability of at least ${threshold.toFixed(3)}: ${percent(test.coverage)} of the test images${correct}`,
  ];
}
