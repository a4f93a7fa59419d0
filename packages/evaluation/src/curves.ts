/** Curves over the threshold of a classifier: ROC, precision and recall, and accuracy against coverage. */
import { argmax, checkScored } from './score.ts';

/** What a threshold does to one class against all others. */
export interface ThresholdPoint {
  /** Smallest score that counts as the class; `Infinity` for the first point, at which nothing does. */
  threshold: number;
  /** Share of the other images that count as the class. */
  falsePositiveRate: number;
  /** Share of the images of the class that count as it. */
  recall: number;
  /** Share of the images that count as the class that are of it; 1 for the first point, as in scikit-learn. */
  precision: number;
}

/** The points of a ROC curve and of a precision-recall curve, by descending threshold. */
export interface ThresholdCurve {
  points: ThresholdPoint[];
  /** Σ (recall − recall before) × precision. */
  averagePrecision: number;
}

/**
 * Follows the threshold from the highest score to the lowest.
 *
 * @param scores of each image for the class.
 * @param isPositive whether each image is of the class.
 * @returns null unless there are images of the class and others.
 * @throws Error for lists of different length and scores that are not finite.
 * @example
 * thresholdCurve([0.1, 0.4, 0.35, 0.8], [false, false, true, true])?.averagePrecision; // 0.83
 */
export function thresholdCurve(scores: ArrayLike<number>, isPositive: readonly boolean[]): ThresholdCurve | null {
  if (scores.length !== isPositive.length)
    throw new Error(`expected ${isPositive.length} scores, received ${scores.length}`);
  const sorted = isPositive.map((positive, row) => ({ score: scores[row]!, positive }));
  for (const [row, { score }] of sorted.entries())
    if (!Number.isFinite(score)) throw new Error(`expected finite scores, received ${score} in row ${row}`);
  sorted.sort((a, b) => b.score - a.score);
  const positiveCount = isPositive.filter(Boolean).length;
  const negativeCount = isPositive.length - positiveCount;
  if (positiveCount === 0 || negativeCount === 0) return null;
  const points: ThresholdPoint[] = [
    { threshold: Number.POSITIVE_INFINITY, falsePositiveRate: 0, recall: 0, precision: 1 },
  ];
  let [truePositives, averagePrecision] = [0, 0];
  for (const [index, { score, positive }] of sorted.entries()) {
    truePositives += Number(positive);
    // Images of equal score pass the threshold together.
    if (sorted[index + 1]?.score === score) continue;
    const recall = truePositives / positiveCount;
    const precision = truePositives / (index + 1);
    averagePrecision += (recall - points.at(-1)!.recall) * precision;
    points.push({
      threshold: score,
      falsePositiveRate: (index + 1 - truePositives) / negativeCount,
      recall,
      precision,
    });
  }
  return { points, averagePrecision };
}

/** The images whose predicted class has at least a probability, and how many of them are classified correctly. */
export interface CoveragePoint {
  threshold: number;
  /** Share of the images that are answered. */
  coverage: number;
  /** Share of the answered images that are classified correctly. */
  accuracy: number;
}

/**
 * Answers ever more images, the most confident first.
 *
 * @param probabilities [images, classes]; each row sums to 1.
 * @param labels the true class of each row.
 * @returns a point per distinct confidence, by ascending coverage.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export function coverageCurve(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
): CoveragePoint[] {
  checkScored(probabilities, labels, classCount);
  const answers = Array.from({ length: labels.length }, (_, row) => {
    const predicted = argmax(probabilities, row, classCount);
    return { confidence: probabilities[row * classCount + predicted]!, isCorrect: predicted === labels[row] };
  }).sort((a, b) => b.confidence - a.confidence);
  let correctCount = 0;
  return answers.flatMap(({ confidence, isCorrect }, index) => {
    correctCount += Number(isCorrect);
    // Images of equal confidence are answered together.
    if (answers[index + 1]?.confidence === confidence) return [];
    const answered = index + 1;
    return [{ threshold: confidence, coverage: answered / answers.length, accuracy: correctCount / answered }];
  });
}
