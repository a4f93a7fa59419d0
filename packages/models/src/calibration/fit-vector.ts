/** Vector scaling: the scale and the bias of each class with the lowest log loss. */
import { type Evaluation, minimizeWithPauses } from '../stackers/minimize.ts';
import { smallestProbability } from '../stackers/probabilities.ts';
import { rowLoss } from '../stackers/row-loss.ts';
import type { Calibration } from './calibration.ts';
import { checkLabeledRows, type LabeledRows, priorStrength, rowRanges } from './labeled-rows.ts';

/**
 * Finds the scale and the bias of each class with the lowest log loss, regularized towards 1 and 0: the fewer images there are,
 * the closer they stay.
 *
 * @param pause called every few milliseconds of work; its errors end the fit.
 * @param onLimit called if the fit ends before it has converged, with its best scales and biases.
 * @throws ModelError for probabilities that are not finite, and for labels out of range.
 */
export async function fitVector(
  rows: LabeledRows,
  pause?: () => Promise<void>,
  onLimit?: () => void,
): Promise<Extract<Calibration, { kind: 'vector' }>> {
  checkLabeledRows(rows);
  const { classCount } = rows;
  const start = Float64Array.from({ length: 2 * classCount }, (_, index) => Number(index < classCount));
  // The prior makes the curvature at least priorStrength, so no coefficient is much further than 1e-6 from its optimum.
  const found = await minimizeWithPauses(
    (point) => evaluate(point, start, rows, pause),
    start,
    1e-6 * priorStrength,
    onLimit,
  );
  return {
    kind: 'vector',
    scales: Array.from(found.subarray(0, classCount)),
    biases: Array.from(found.subarray(classCount)),
  };
}

// --- internal ---

/** @param coefficients the scales of all classes, then their biases. */
async function evaluate(
  coefficients: Float64Array,
  prior: Float64Array,
  rows: LabeledRows,
  pause: (() => Promise<void>) | undefined,
): Promise<Evaluation> {
  const { probabilities, labels, classCount, weights } = rows;
  const distance = coefficients.map((one, index) => one - prior[index]!);
  const gradient = distance.map((one) => priorStrength * one);
  let value = distance.reduce((sum, one) => sum + (priorStrength / 2) * one ** 2, 0);
  const logs = new Float64Array(classCount);
  const logits = new Float64Array(classCount);
  for (const { firstRow, endRow } of rowRanges(rows)) {
    for (let row = firstRow; row < endRow; row += 1) {
      for (let label = 0; label < classCount; label += 1) {
        logs[label] = Math.log(Math.max(probabilities[row * classCount + label]!, smallestProbability));
        logits[label] = coefficients[label]! * logs[label]! + coefficients[classCount + label]!;
      }
      const { loss, slopes } = rowLoss(logits, labels[row]!);
      const weight = weights?.[row] ?? 1;
      value += weight * loss;
      for (let label = 0; label < classCount; label += 1) {
        gradient[label]! += weight * slopes[label]! * logs[label]!;
        gradient[classCount + label]! += weight * slopes[label]!;
      }
    }
    await pause?.();
  }
  return { value, gradient };
}
