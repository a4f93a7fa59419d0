/** Scores of how plausible given labels are: 0 for implausible labels, 1 for plausible ones. */
import type { LabeledProbabilities } from './labeled-probabilities.ts';

/**
 * `selfConfidence`: the probability of the given class. `normalizedMargin`: (1 + the probability of the given class − the
 * largest of another class) / 2, which is below ½ if another class is more probable.
 */
export type LabelQualityMethod = 'selfConfidence' | 'normalizedMargin';

/** The score of each image's label; equals cleanlab's `get_label_quality_scores`. */
export function labelQuality(rows: LabeledProbabilities, method: LabelQualityMethod): Float64Array {
  const { probabilities, labels, classCount } = rows;
  return Float64Array.from({ length: labels.length }, (_, row) => {
    const probability = probabilities[row * classCount + labels[row]!]!;
    if (method === 'selfConfidence') return probability;
    return (probability - probabilities[row * classCount + mostProbableOther(rows, row)]! + 1) / 2;
  });
}

/** The most probable class of a row apart from the given one; of equal classes, the first. */
export function mostProbableOther({ probabilities, labels, classCount }: LabeledProbabilities, row: number): number {
  const given = labels[row]!;
  let best = given === 0 ? 1 : 0;
  for (let label = best + 1; label < classCount; label += 1)
    if (label !== given && probabilities[row * classCount + label]! > probabilities[row * classCount + best]!)
      best = label;
  return best;
}
