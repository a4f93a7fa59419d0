/** Temperature scaling: the temperature with the lowest log loss. */
import { smallestProbability } from '../stackers/probabilities.ts';
import type { Calibration } from './calibration.ts';
import { checkLabeledRows, type LabeledRows, priorStrength, rowRanges } from './labeled-rows.ts';

/** Range of the exponent 1 / T. */
const exponents = { least: 0.02, most: 50 };
/** The fit ends when the exponent changes by less than this share of it. */
const tolerance = 1e-9;
const maximumIterations = 100;

/**
 * Finds the temperature with the lowest log loss, regularized towards 1: the fewer images there are, the closer it stays.
 *
 * @param pause called every few milliseconds of work; its errors end the fit.
 * @returns a temperature from 0.02 to 50.
 * @throws ModelError for probabilities that are not finite, and for labels out of range.
 */
export async function fitTemperature(
  rows: LabeledRows,
  pause?: () => Promise<void>,
): Promise<Extract<Calibration, { kind: 'temperature' }>> {
  checkLabeledRows(rows);
  // The loss is convex in the exponent, so its slope has one root: Newton's method, or a bisection where that leaves the bracket.
  let { least, most } = exponents;
  let exponent = 1;
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    const { slope, curvature } = await derivativesAt(exponent, rows, pause);
    if (slope === 0) break;
    if (slope > 0) most = exponent;
    else least = exponent;
    const newton = exponent - slope / curvature;
    const next = newton > least && newton < most ? newton : (least + most) / 2;
    const change = Math.abs(next - exponent);
    exponent = next;
    if (change <= tolerance * exponent) break;
  }
  return { kind: 'temperature', temperature: 1 / exponent };
}

// --- internal ---

/** Derivatives of the sum of the losses and the prior with respect to the exponent. */
async function derivativesAt(
  exponent: number,
  rows: LabeledRows,
  pause: (() => Promise<void>) | undefined,
): Promise<{ slope: number; curvature: number }> {
  const { probabilities, labels, classCount, weights } = rows;
  let slope = priorStrength * (exponent - 1);
  let curvature = priorStrength;
  for (const { firstRow, endRow } of rowRanges(rows)) {
    for (let row = firstRow; row < endRow; row += 1) {
      const start = row * classCount;
      const largest = largestOf(probabilities, start, classCount);
      const logOf = (label: number) => Math.log(Math.max(probabilities[start + label]!, smallestProbability) / largest);
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
      const weight = weights?.[row] ?? 1;
      slope += weight * (mean - logOf(labels[row]!));
      curvature += weight * Math.max(0, second / zeroth - mean * mean);
    }
    await pause?.();
  }
  return { slope, curvature };
}

/** The largest probability of a row, at least {@link smallestProbability}. */
function largestOf(probabilities: Float32Array, start: number, classCount: number): number {
  let largest = smallestProbability;
  for (let label = 0; label < classCount; label += 1) largest = Math.max(largest, probabilities[start + label]!);
  return largest;
}
