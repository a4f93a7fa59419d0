/**
 * Temperature scaling (Guo et al., 2017): raises probabilities to the power 1 / T and normalizes them. The predicted classes stay
 * the same; a temperature above 1 makes a classifier less confident.
 */
import { rowRanges } from './row-ranges.ts';
import { checkScored } from './score.ts';

/** Strength of the prior: an exponent at distance d from 1 adds d² / 2 times this many nats to the loss. */
const priorStrength = 10;
/** Range of the exponent 1 / T. */
const exponents = { least: 0.02, most: 50 };
/** Smaller probabilities count as this, as in the log loss. */
const smallest = 1e-7;
/** The fit ends when the exponent changes by less than this share of it. */
const tolerance = 1e-9;
const maximumIterations = 100;

/**
 * Finds the temperature with the lowest log loss, regularized towards 1: the fewer images there are, the closer it stays.
 *
 * @param probabilities [images, classes] of images that the classifier was not trained on.
 * @param labels the true class of each row.
 * @param pause called every few milliseconds of work; its errors end the fit.
 * @returns the temperature, from 0.02 to 50.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export async function fitTemperature(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  pause?: () => Promise<void>,
): Promise<number> {
  checkScored(probabilities, labels, classCount);
  // The loss is convex in the exponent, so its slope has one root: Newton's method, or a bisection where that leaves the bracket.
  let { least, most } = exponents;
  let exponent = 1;
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    const { slope, curvature } = await derivativesAt(exponent, probabilities, labels, classCount, pause);
    if (slope === 0) break;
    if (slope > 0) most = exponent;
    else least = exponent;
    const newton = exponent - slope / curvature;
    const next = newton > least && newton < most ? newton : (least + most) / 2;
    const change = Math.abs(next - exponent);
    exponent = next;
    if (change <= tolerance * exponent) break;
  }
  return 1 / exponent;
}

/** @returns probabilities [N, classCount] at a temperature. */
export function atTemperature(probabilities: Float32Array, temperature: number, classCount: number): Float32Array {
  const scaled = new Float32Array(probabilities.length);
  const powers = new Float64Array(classCount);
  for (let start = 0; start < probabilities.length; start += classCount) {
    const largest = largestOf(probabilities, start, classCount);
    let sum = 0;
    for (let label = 0; label < classCount; label += 1) {
      powers[label] = (Math.max(probabilities[start + label]!, smallest) / largest) ** (1 / temperature);
      sum += powers[label]!;
    }
    for (let label = 0; label < classCount; label += 1) scaled[start + label] = powers[label]! / sum;
  }
  return scaled;
}

// --- internal ---

/** Derivatives of the sum of the losses and the prior with respect to the exponent. */
async function derivativesAt(
  exponent: number,
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  pause: (() => Promise<void>) | undefined,
): Promise<{ slope: number; curvature: number }> {
  let slope = priorStrength * (exponent - 1);
  let curvature = priorStrength;
  for (const { firstRow, endRow } of rowRanges(labels.length, classCount)) {
    for (let row = firstRow; row < endRow; row += 1) {
      const start = row * classCount;
      const largest = largestOf(probabilities, start, classCount);
      const logOf = (label: number) => Math.log(Math.max(probabilities[start + label]!, smallest) / largest);
      // Moments of the logs under the scaled probabilities.
      let [zeroth, first, second] = [0, 0, 0];
      for (let label = 0; label < classCount; label += 1) {
        const log = logOf(label);
        const power = Math.exp(exponent * log);
        zeroth += power;
        first += power * log;
        second += power * log * log;
      }
      const mean = first / zeroth;
      slope += mean - logOf(labels[row]!);
      curvature += Math.max(0, second / zeroth - mean * mean);
    }
    await pause?.();
  }
  return { slope, curvature };
}

/** The largest probability of a row, at least {@link smallest}. */
function largestOf(probabilities: Float32Array, start: number, classCount: number): number {
  let largest = smallest;
  for (let label = 0; label < classCount; label += 1) largest = Math.max(largest, probabilities[start + label]!);
  return largest;
}
