/**
 * Prediction sets by split conformal prediction: sets of classes that contain the true class of a new image with at least a given
 * probability, whatever the classifier is like, as long as new images are like those that the threshold is fitted on.
 */
import { checkScored, checkThreshold } from './score.ts';

/**
 * Finds the smallest probability that a class needs in order to be in a prediction set (the score 1 − p of the true class; Sadinle
 * et al., 2019).
 *
 * @param probabilities [images, classes] of images that the classifier was not trained on.
 * @param labels the true class of each row.
 * @param coverage share of new images whose set must contain the true class, such as 0.95.
 * @returns a threshold from 0 to 1; 0, with which every class is in every set, if there are too few images for the coverage.
 * @throws Error for a coverage that is not between 0 and 1, probabilities that are not finite, and labels out of range.
 */
export function conformalThreshold(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  coverage: number,
): number {
  if (!(coverage > 0 && coverage < 1)) throw new Error(`expected a coverage between 0 and 1, received ${coverage}`);
  checkScored(probabilities, labels, classCount);
  const ofTrueClass = Float32Array.from(
    { length: labels.length },
    (_, row) => probabilities[row * classCount + labels[row]!]!,
  ).sort();
  // The rank ⌈(n + 1) coverage⌉ counts from the most probable image down.
  const rank = Math.ceil((labels.length + 1) * coverage);
  return rank > labels.length ? 0 : ofTrueClass[labels.length - rank]!;
}

/** How prediction sets with a threshold turn out on labeled images. */
export interface SetCoverage {
  /** Share of the images whose set contains the true class; null without images. */
  coverage: number | null;
  /** Mean number of classes in a set; null without images. */
  meanSize: number | null;
  /** Share of the images whose set has exactly one class; null without images. */
  single: number | null;
  /** Share of the images whose set is empty; null without images. */
  empty: number | null;
}

/**
 * Measures prediction sets on labeled images.
 *
 * @throws Error for probabilities and thresholds that are not finite, and labels out of range.
 */
export function measureSets(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  threshold: number,
): SetCoverage {
  checkThreshold(threshold);
  checkScored(probabilities, labels, classCount);
  const sums = { covered: 0, size: 0, single: 0, empty: 0 };
  for (let row = 0; row < labels.length; row += 1) {
    const start = row * classCount;
    let size = 0;
    for (let label = 0; label < classCount; label += 1) size += Number(probabilities[start + label]! >= threshold);
    sums.covered += Number(probabilities[start + labels[row]!]! >= threshold);
    sums.size += size;
    sums.single += Number(size === 1);
    sums.empty += Number(size === 0);
  }
  const shareOf = (sum: number) => (labels.length === 0 ? null : sum / labels.length);
  return {
    coverage: shareOf(sums.covered),
    meanSize: shareOf(sums.size),
    single: shareOf(sums.single),
    empty: shareOf(sums.empty),
  };
}

/**
 * The classes of a row whose probability reaches the threshold, the most probable first.
 *
 * @throws Error for probabilities and thresholds that are not finite.
 */
export function predictionSet(row: Float32Array, threshold: number): number[] {
  checkThreshold(threshold);
  checkScored(row, new Uint8Array(1), row.length);
  return Array.from(row.keys())
    .filter((label) => row[label]! >= threshold)
    .toSorted((a, b) => row[b]! - row[a]! || a - b);
}
