import { exactMcnemar, type PairedDifference, pairedDifference } from './mcnemar.ts';
import { argmax, checkScored } from './score.ts';

/** The difference between two classifiers, and the probability of one as large between equally good ones. */
export interface ClassifierComparison extends PairedDifference {
  /** p-value of the exact McNemar test. */
  p: number;
}

/**
 * Compares two classifiers on the same images by an exact McNemar test.
 *
 * @param first probabilities [images, classes].
 * @param second probabilities [images, classes].
 * @param labels class of each row.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export function compareClassifiers(
  first: Float32Array,
  second: Float32Array,
  labels: Int32Array,
  classCount: number,
): ClassifierComparison {
  for (const probabilities of [first, second]) checkScored(probabilities, labels, classCount);
  const correct = (probabilities: Float32Array) =>
    Array.from(labels, (label, row) => argmax(probabilities, row, classCount) === label);
  const difference = pairedDifference(correct(first), correct(second));
  return { ...difference, p: exactMcnemar(difference) };
}
