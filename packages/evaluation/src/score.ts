import { brierOf, logLossOf } from './losses.ts';
import { finish, finishWithPauses } from './steps.ts';
import { wilson95 } from './wilson.ts';

/** Score of a classifier on labeled images. */
export interface Score {
  accuracy: number;
  correct: number;
  count: number;
  /** Wilson's 95 % interval of the accuracy. */
  wilson95: [low: number, high: number];
  /** Mean of the recalls of the classes that occur; null without images. */
  balancedAccuracy: number | null;
  /** Mean of the F1 scores of the classes that occur, or are predicted; null without images. */
  macroF1: number | null;
  /** Mean of −ln(probability of the true class), with probabilities clipped to [1e-7, 1 − 1e-7], as in Keras. */
  logLoss: number;
  /** Brier's score: the mean of Σ (probability − target)² over the classes, from 0 to 2; null without images. */
  brier: number | null;
  /** Area under the ROC curve; with more than two classes, the mean of one-vs-rest areas. Null if undefined. */
  auc: number | null;
  perClass: { class: string; count: number; correct: number; recall: number | null }[];
  /** Rows: true class. Columns: predicted class. Both in the order of the classes. */
  confusion: number[][];
}

/**
 * Scores probabilities.
 *
 * @param probabilities [images, classes]; each row sums to 1.
 * @param labels the true class of each row.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export function scoreProbabilities(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: readonly string[],
): Score {
  return finish(scoringSteps(probabilities, labels, classes));
}

/**
 * {@link scoreProbabilities} with pauses, since scoring many classes takes seconds.
 *
 * @param pause called every few milliseconds of work; its errors end the scoring.
 */
export async function scoreWithPauses(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: readonly string[],
  pause: () => Promise<void>,
): Promise<Score> {
  return finishWithPauses(scoringSteps(probabilities, labels, classes), pause);
}

/**
 * The most probable class of a row; of equal classes, the first.
 *
 * @throws Error for a probability that is not finite, and for a row that does not exist.
 */
export function argmax(probabilities: Float32Array, row: number, classCount: number): number {
  let best = 0;
  for (let label = 0; label < classCount; label += 1) {
    const index = row * classCount + label;
    if (!Number.isFinite(probabilities[index])) throw notFinite(probabilities, index, classCount);
    if (probabilities[index]! > probabilities[row * classCount + best]!) best = label;
  }
  return best;
}

/**
 * Checks the input of a score.
 *
 * @throws Error for a number of probabilities that does not match the labels, probabilities that are not finite, and labels out of
 * range.
 */
export function checkScored(probabilities: Float32Array, labels: ArrayLike<number>, classCount: number): void {
  const count = labels.length;
  if (probabilities.length !== count * classCount)
    throw new Error(`expected ${count} × ${classCount} probabilities, received ${probabilities.length}`);
  // A callback per number would take seconds with many classes.
  for (let index = 0; index < probabilities.length; index += 1)
    if (!Number.isFinite(probabilities[index]!)) throw notFinite(probabilities, index, classCount);
  checkLabels(labels, classCount);
}

/** @throws Error for a threshold that is not finite. */
export function checkThreshold(threshold: number): void {
  if (!Number.isFinite(threshold)) throw new Error(`expected a finite threshold, received ${threshold}`);
}

/** @throws Error unless there is a path for each label. */
export function checkPaths(paths: readonly string[], labels: ArrayLike<number>): void {
  if (paths.length !== labels.length) throw new Error(`expected ${labels.length} paths, received ${paths.length}`);
}

/** @throws Error naming the row of the first label that is out of range. */
export function checkLabels(labels: ArrayLike<number>, classCount: number): void {
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row]!;
    if (!Number.isInteger(label) || label < 0 || label >= classCount)
      throw new Error(`expected labels from 0 to ${classCount - 1}, received ${label} in row ${row}`);
  }
}

/** Index of the first of ascending values that is at least the limit (or above it); the length if there is none. */
export function firstIndex(ascending: Float32Array, limit: number, above: boolean): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = ascending[middle]!;
    if (above ? value > limit : value >= limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

// --- internal ---

function notFinite(probabilities: Float32Array, index: number, classCount: number): Error {
  return new Error(
    `expected finite probabilities, received ${probabilities[index]} for class ${index % classCount} of row ${Math.floor(index / classCount)}`,
  );
}

/** Rows to score between two pauses. */
const rowsPerStep = 256;

function* scoringSteps(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: readonly string[],
): Generator<void, Score> {
  const classCount = classes.length;
  const count = labels.length;
  checkScored(probabilities, labels, classCount);
  const confusion = classes.map(() => new Array<number>(classCount).fill(0));
  let logLossSum = 0;
  let squareSum = 0;
  for (let row = 0; row < count; row += 1) {
    if (row % rowsPerStep === 0) yield;
    const label = labels[row]!;
    const predicted = argmax(probabilities, row, classCount);
    confusion[label]![predicted]! += 1;
    const probability = probabilities[row * classCount + label]!;
    logLossSum += logLossOf(probability);
    squareSum += brierOf(probabilities, row, label, classCount);
  }
  const perClass = classes.map((name, label) => {
    const row = confusion[label]!;
    const classTotal = row.reduce((sum, value) => sum + value, 0);
    return {
      class: name,
      count: classTotal,
      correct: row[label]!,
      recall: classTotal === 0 ? null : row[label]! / classTotal,
    };
  });
  const correct = perClass.reduce((sum, one) => sum + one.correct, 0);
  return {
    accuracy: count === 0 ? 0 : correct / count,
    correct,
    count,
    wilson95: wilson95(correct, count),
    balancedAccuracy: meanOf(perClass.map(({ recall }) => recall)),
    macroF1: meanOf(confusion.map((_, label) => f1(confusion, label))),
    brier: count === 0 ? null : squareSum / count,
    logLoss: count === 0 ? 0 : logLossSum / count,
    auc: yield* areaUnderCurve(probabilities, labels, classCount),
    perClass,
    confusion,
  };
}

/** The harmonic mean of a class's precision and recall; null if it neither occurs nor is predicted. */
function f1(confusion: readonly (readonly number[])[], label: number): number | null {
  const correct = confusion[label]![label]!;
  const occurring = confusion[label]!.reduce((sum, value) => sum + value, 0);
  const predicted = confusion.reduce((sum, row) => sum + row[label]!, 0);
  return occurring + predicted === 0 ? null : (2 * correct) / (occurring + predicted);
}

/** The mean of the numbers that are defined. */
function meanOf(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

function* areaUnderCurve(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
): Generator<void, number | null> {
  // With two classes, the curves of both classes have the same area.
  const targets = classCount === 2 ? [1] : Array.from({ length: classCount }, (_, label) => label);
  const areas: (number | null)[] = [];
  for (const target of targets) {
    areas.push(rankArea(probabilities, labels, classCount, target));
    yield;
  }
  return meanOf(areas);
}

/** Mann-Whitney U over the number of pairs; ties count one half. */
function rankArea(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  target: number,
): number | null {
  const positives = Float32Array.from(
    Array.from({ length: labels.length }, (_, row) => row).filter((row) => labels[row] === target),
    (row) => probabilities[row * classCount + target]!,
  ).sort();
  const negativeCount = labels.length - positives.length;
  if (positives.length === 0 || negativeCount === 0) return null;
  // Counts pairs in which the positive has the higher value; ties count one half. With many classes, each has few positives:
  // searching these is faster than sorting all rows for every class.
  let pairs = 0;
  for (let row = 0; row < labels.length; row += 1) {
    if (labels[row] === target) continue;
    const value = probabilities[row * classCount + target]!;
    const first = firstIndex(positives, value, false);
    const behind = positives[first] === value ? firstIndex(positives, value, true) : first;
    pairs += positives.length - (first + behind) / 2;
  }
  return pairs / (positives.length * negativeCount);
}
