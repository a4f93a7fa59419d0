import type { LabeledProbabilities } from './labeled-probabilities.ts';

/** Rows to read between two pauses. */
const rowsPerStep = 256;

/**
 * Counts the images of each given class that confidently belong to each class, the confident joint.
 *
 * A class is confident for an image if its probability is at least the mean probability of that class over the images that
 * have its label. An image counts for its confident class or, of several, for the most probable class; without one, it does
 * not count. The diagonal is at least 1.
 *
 * @returns [given, true] counts; yields for pauses.
 */
export function* confidentJoint(rows: LabeledProbabilities): Generator<void, Float64Array> {
  const { probabilities, labels, classCount } = rows;
  const thresholds = yield* confidentThresholds(rows);
  const joint = new Float64Array(classCount * classCount);
  for (let row = 0; row < labels.length; row += 1) {
    if (row % rowsPerStep === 0) yield;
    const start = row * classCount;
    let confidentCount = 0;
    let firstConfident = 0;
    let mostProbable = 0;
    for (let label = 0; label < classCount; label += 1) {
      const probability = probabilities[start + label]!;
      if (probability > probabilities[start + mostProbable]!) mostProbable = label;
      if (probability < thresholds[label]! - tolerance) continue;
      if (confidentCount === 0) firstConfident = label;
      confidentCount += 1;
    }
    if (confidentCount > 0)
      joint[labels[row]! * classCount + (confidentCount === 1 ? firstConfident : mostProbable)]! += 1;
  }
  for (let label = 0; label < classCount; label += 1) {
    const diagonal = label * classCount + label;
    joint[diagonal] = Math.max(1, joint[diagonal]!);
  }
  return joint;
}

/** Differences of probabilities below this count as none. */
export const tolerance = 1e-6;

// --- internal ---

/** Of a class without images; no probability reaches it. */
const unreachable = 2;

/** The mean probability of each class over the images with its label. */
function* confidentThresholds({
  probabilities,
  labels,
  classCount,
}: LabeledProbabilities): Generator<void, Float64Array> {
  const sums = new Float64Array(classCount);
  const counts = new Float64Array(classCount);
  for (let row = 0; row < labels.length; row += 1) {
    if (row % rowsPerStep === 0) yield;
    const label = labels[row]!;
    sums[label]! += probabilities[row * classCount + label]!;
    counts[label]! += 1;
  }
  // The lower limit keeps a class whose images all have the probability 0 from being confident everywhere.
  return sums.map((sum, label) => (counts[label] === 0 ? unreachable : Math.max(2 * tolerance, sum / counts[label]!)));
}
