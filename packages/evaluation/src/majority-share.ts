import { checkLabels } from './score.ts';

/**
 * The share of the most frequent class, which is the accuracy of always predicting it; 0 without labels.
 *
 * @throws Error for labels out of range.
 */
export function majorityShare(labels: ArrayLike<number>, classCount: number): number {
  checkLabels(labels, classCount);
  const counts = new Array<number>(classCount).fill(0);
  for (let row = 0; row < labels.length; row += 1) counts[labels[row]!]! += 1;
  return labels.length === 0 ? 0 : Math.max(...counts) / labels.length;
}
