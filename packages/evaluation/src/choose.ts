import type { OutOfFoldScore } from './score-schema.ts';

/**
 * Index of the score with the lowest log loss; of equal scores, the first. On a few hundred images, log loss separates
 * classifiers better than accuracy.
 */
export function lowestLogLoss(scores: readonly OutOfFoldScore[]): number {
  return scores.reduce((best, { logLoss }, index) => (logLoss < scores[best]!.logLoss ? index : best), 0);
}
