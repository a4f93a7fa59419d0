/**
 * Temperature scaling (Guo et al., 2017): raises probabilities to the power 1 / T and normalizes them. The predicted classes stay
 * the same; a temperature above 1 makes a classifier less confident.
 */
import { checkScored } from './score.ts';

/** Strength of the prior: an exponent at distance d from 1 adds d² / 2 times this many nats to the loss. */
const priorStrength = 10;
/** Range of the exponent 1 / T. */
const exponents = { least: 0.02, most: 50 };
/** Smaller probabilities count as this, as in the log loss. */
const smallest = 1e-7;

/**
 * Finds the temperature with the lowest log loss, regularized towards 1: the fewer images there are, the closer it stays.
 *
 * @param probabilities [images, classes] of images that the classifier was not trained on.
 * @param labels the true class of each row.
 * @returns the temperature, from 0.02 to 50.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export function fitTemperature(probabilities: Float32Array, labels: ArrayLike<number>, classCount: number): number {
  checkScored(probabilities, labels, classCount);
  const logs = Float64Array.from(probabilities, (one) => Math.log(Math.max(one, smallest)));
  // The loss is convex in the exponent, so its slope has one root.
  let { least, most } = exponents;
  for (let halving = 0; halving < 60; halving += 1) {
    const middle = (least + most) / 2;
    if (slopeAt(middle, logs, labels, classCount) > 0) most = middle;
    else least = middle;
  }
  return 2 / (least + most);
}

/** @returns probabilities [images, classes] at a temperature. */
export function atTemperature(probabilities: Float32Array, temperature: number, classCount: number): Float32Array {
  const scaled = new Float32Array(probabilities.length);
  const row = new Float64Array(classCount);
  for (let start = 0; start < probabilities.length; start += classCount) {
    for (let label = 0; label < classCount; label += 1)
      row[label] = Math.log(Math.max(probabilities[start + label]!, smallest)) / temperature;
    const shares = normalized(row);
    scaled.set(shares, start);
  }
  return scaled;
}

// --- internal ---

/** Derivative of the sum of the losses and the prior with respect to the exponent. */
function slopeAt(exponent: number, logs: Float64Array, labels: ArrayLike<number>, classCount: number): number {
  let slope = priorStrength * (exponent - 1);
  const row = new Float64Array(classCount);
  for (let index = 0; index < labels.length; index += 1) {
    const start = index * classCount;
    for (let label = 0; label < classCount; label += 1) row[label] = exponent * logs[start + label]!;
    const shares = normalized(row);
    for (let label = 0; label < classCount; label += 1) slope += shares[label]! * logs[start + label]!;
    slope -= logs[start + labels[index]!]!;
  }
  return slope;
}

/** The softmax of a row. */
function normalized(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const powers = row.map((one) => Math.exp(one - largest));
  const sum = powers.reduce((total, one) => total + one, 0);
  return powers.map((one) => one / sum);
}
