import type { OutOfFoldScore } from './score-schema.ts';

/**
 * Returns the index of the score with the lowest log loss, or balanced log loss if the scores have it; of equal scores, the first.
 * On a few hundred images, log loss distinguishes classifiers better than accuracy does.
 */
export function lowestLogLoss(scores: readonly OutOfFoldScore[]): number {
  return scores.reduce((best, score, index) => (lossOf(score) < lossOf(scores[best]!) ? index : best), 0);
}

// --- internal ---

function lossOf({ logLoss, balancedLogLoss }: OutOfFoldScore): number {
  return balancedLogLoss ?? logLoss;
}
