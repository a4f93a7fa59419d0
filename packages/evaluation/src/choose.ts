import type { OutOfFoldScore } from './score-schema.ts';

/**
 * Returns the index of the score with the lowest log loss; of equal scores, the first. On a few hundred images, log loss
 * distinguishes classifiers better than accuracy does.
 */
export function lowestLogLoss(scores: readonly OutOfFoldScore[]): number {
  return scores.reduce((best, { logLoss }, index) => (logLoss < scores[best]!.logLoss ? index : best), 0);
}
