/**
 * Finds implausible labels by confident learning: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in
 * Dataset Labels", Journal of Artificial Intelligence Research 70 (2021).
 */
import { finish, finishWithPauses } from '../steps.ts';
import { confidentJoint, tolerance } from './confident-joint.ts';
import { checkLabeledProbabilities, type LabeledProbabilities } from './labeled-probabilities.ts';
import { pairwiseSum, roundKeepingSum } from './round-sum.ts';

/**
 * Finds the images whose given label is implausible; equals `find_label_issues` of cleanlab 2.9 with its default filter,
 * `prune_by_noise_rate`.
 *
 * The confident joint estimates how many images of each given class belong to each other class. That many images, those with
 * the largest margin of the other class over the given one, are issues, unless the given class is the most probable one. Each
 * class keeps at least one image. Of equal margins, the first row counts.
 *
 * The probabilities must come from a classifier that was not trained on these images, such as out-of-fold predictions.
 *
 * @returns rows, ascending.
 * @throws Error for fewer than two classes, labels out of range, and probabilities that are not finite or not within 0 … 1.
 * @example findLabelIssues({ probabilities, labels, classCount: 2 }) // Uint32Array [ 3, 17 ]
 */
export function findLabelIssues(rows: LabeledProbabilities): Uint32Array {
  return finish(labelIssueSteps(rows));
}

/**
 * {@link findLabelIssues} with pauses.
 *
 * @param pause called every few milliseconds of work; its errors end the search.
 */
export async function findLabelIssuesWithPauses(
  rows: LabeledProbabilities,
  pause: () => Promise<void>,
): Promise<Uint32Array> {
  return finishWithPauses(labelIssueSteps(rows), pause);
}

// --- internal ---

function* labelIssueSteps(rows: LabeledProbabilities): Generator<void, Uint32Array> {
  checkLabeledProbabilities(rows);
  const { labels, classCount } = rows;
  const rowsOfClass: number[][] = Array.from({ length: classCount }, () => []);
  for (let row = 0; row < labels.length; row += 1) rowsOfClass[labels[row]!]!.push(row);
  const joint = yield* confidentJoint(rows);
  const issues = new Set<number>();
  for (const [given, counts] of (yield* estimatedCounts(joint, rowsOfClass)).entries()) {
    const own = rowsOfClass[given]!;
    for (const [other, count] of counts.entries())
      if (other !== given && count > 0) {
        for (const row of largestMargins(rows, own, other, count)) issues.add(row);
        yield;
      }
  }
  return Uint32Array.from([...issues].filter((row) => !isMostProbable(rows, row))).sort();
}

/**
 * Scales the confident joint to the number of images of each given class.
 *
 * @returns [given][true] whole numbers, of which the true class keeps at least 1.
 */
function* estimatedCounts(
  joint: Float64Array,
  rowsOfClass: readonly (readonly number[])[],
): Generator<void, number[][]> {
  const classCount = rowsOfClass.length;
  const imageCount = rowsOfClass.reduce((sum, { length }) => sum + length, 0);
  // By true class first: NumPy sums in this order, and the sum differs from the number of images by rounding errors.
  const scaled = new Float64Array(joint.length);
  for (const [given, { length }] of rowsOfClass.entries()) {
    const confident = joint.subarray(given * classCount, (given + 1) * classCount);
    const total = confident.reduce((sum, count) => sum + count, 0);
    for (const [label, count] of confident.entries()) scaled[label * classCount + given] = (count / total) * length;
  }
  const sum = imageCount === 0 ? 1 : pairwiseSum(scaled);
  const counts: number[][] = [];
  for (let given = 0; given < classCount; given += 1) {
    yield;
    const shares = Array.from({ length: classCount }, (_, label) => {
      return (scaled[label * classCount + given]! / sum) * imageCount;
    });
    counts.push(withOneKept(roundKeepingSum(shares), given));
  }
  return counts;
}

/** Raises the given class's own count from 0 to 1; lowers the other counts by 1. */
function withOneKept(counts: readonly number[], given: number): number[] {
  if (counts[given]! > 0) return [...counts];
  return counts.map((count, label) => (label === given ? 1 : Math.max(0, count - 1)));
}

/** The rows in which another class exceeds the given one by most; of equal margins, the first ones. */
function largestMargins(
  { probabilities, labels, classCount }: LabeledProbabilities,
  own: readonly number[],
  other: number,
  count: number,
): number[] {
  const margins = Float64Array.from(own, (row) => {
    return probabilities[row * classCount + other]! - probabilities[row * classCount + labels[row]!]!;
  });
  // Sorting numbers is much faster than sorting rows by them.
  const ascending = margins.slice().sort();
  const least = ascending[Math.max(0, ascending.length - count)]!;
  let equalCount = Math.min(count, margins.length) - margins.reduce((sum, margin) => sum + Number(margin > least), 0);
  return own.filter((_, position) => {
    if (margins[position] !== least) return margins[position]! > least;
    equalCount -= 1;
    return equalCount >= 0;
  });
}

/** Whether the given class is the most probable one, within the tolerance. */
function isMostProbable({ probabilities, labels, classCount }: LabeledProbabilities, row: number): boolean {
  const ownRow = probabilities.subarray(row * classCount, (row + 1) * classCount);
  const own = ownRow[labels[row]!]! + tolerance;
  return ownRow.every((probability) => probability <= own);
}
