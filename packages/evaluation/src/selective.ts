/** Selective prediction: answers only where the probability of the predicted class reaches a threshold. */
import { argmax, checkScored, checkThreshold } from './score.ts';

/** What a threshold does to a set of images. */
export interface Selection {
  /** Smallest probability of the predicted class of an answered image. */
  threshold: number;
  /** Share of the images that are answered. */
  coverage: number;
  /** Share of the answered images that are classified correctly; null if none is answered. */
  accuracy: number | null;
}

/**
 * Finds the lowest threshold above which the answered images are classified with a wanted accuracy. Thresholds that answer fewer
 * than 1 / (1 − accuracy) images do not count: so few images cannot show the accuracy.
 *
 * @param probabilities [images, classes] of images that the classifier was not trained on.
 * @param labels the true class of each row.
 * @param accuracy wanted share of correct answers, from 0 to 1, such as 0.99.
 * @returns null if no threshold reaches the accuracy.
 * @throws Error for an accuracy that is not between 0 and 1, probabilities that are not finite, and labels out of range.
 */
export function thresholdForAccuracy(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  accuracy: number,
): Selection | null {
  if (!(accuracy > 0 && accuracy < 1)) throw new Error(`expected an accuracy between 0 and 1, received ${accuracy}`);
  // Rounding must not ask for one image more.
  const fewest = Math.round(1 / (1 - accuracy));
  const answers = answersOf(probabilities, labels, classCount).toSorted((a, b) => b.confidence - a.confidence);
  let correctCount = 0;
  let found: Selection | null = null;
  for (const [index, { confidence, isCorrect }] of answers.entries()) {
    correctCount += Number(isCorrect);
    const answeredCount = index + 1;
    // Images of equal confidence are answered together.
    if (answers[index + 1]?.confidence === confidence) continue;
    if (answeredCount >= fewest && correctCount / answeredCount >= accuracy)
      found = {
        threshold: confidence,
        coverage: answeredCount / answers.length,
        accuracy: correctCount / answeredCount,
      };
  }
  return found;
}

/**
 * Finds the highest threshold with which at least a wanted share of images is answered.
 *
 * @param probabilities [images, classes] of at least one image that the classifier was not trained on.
 * @param share wanted share of answered images, above 0 and at most 1, such as 0.9.
 * @throws Error for another share, no image, and probabilities that are not finite.
 */
export function thresholdForShare(probabilities: Float32Array, classCount: number, share: number): number {
  if (!(share > 0 && share <= 1)) throw new Error(`expected a share above 0 and at most 1, received ${share}`);
  const count = probabilities.length / classCount;
  if (count === 0) throw new Error('expected the probabilities of at least one image, received none');
  checkScored(probabilities, new Int32Array(count), classCount);
  const confidences = Float32Array.from({ length: count }, (_, row) => {
    const best = argmax(probabilities, row, classCount);
    return probabilities[row * classCount + best]!;
  }).sort();
  // Rounding must not ask for one image more.
  return confidences[count - Math.max(1, Math.ceil(share * count - 1e-9))]!;
}

/**
 * Measures a threshold on labeled images.
 *
 * @throws Error for probabilities and thresholds that are not finite, and labels out of range.
 */
export function measureSelection(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  threshold: number,
): Selection {
  checkThreshold(threshold);
  const answers = answersOf(probabilities, labels, classCount);
  const answered = answers.filter(({ confidence }) => confidence >= threshold);
  const correctCount = answered.filter(({ isCorrect }) => isCorrect).length;
  return {
    threshold,
    coverage: answers.length === 0 ? 0 : answered.length / answers.length,
    accuracy: answered.length === 0 ? null : correctCount / answered.length,
  };
}

// --- internal ---

function answersOf(probabilities: Float32Array, labels: ArrayLike<number>, classCount: number) {
  checkScored(probabilities, labels, classCount);
  return Array.from({ length: labels.length }, (_, row) => {
    const predicted = argmax(probabilities, row, classCount);
    return { confidence: probabilities[row * classCount + predicted]!, isCorrect: predicted === labels[row] };
  });
}
