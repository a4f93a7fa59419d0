/** Compares classifiers by their losses on the same images. */
import { logLossOf } from '@chorus/evaluation';

/** The loss of each image times its weight, relative to the mean of the weights. */
export function weightedLosses(
  probabilities: Float32Array,
  { labels, weights }: { labels: Int32Array; weights?: Float64Array | undefined },
  classCount: number,
): Float64Array {
  const meanWeight = weights ? meanLoss(weights) : 1;
  return Float64Array.from(
    labels,
    (label, row) => (logLossOf(probabilities[row * classCount + label]!) * (weights?.[row] ?? 1)) / meanWeight,
  );
}

/** How much lower the second losses are on average, and the standard error of this difference. */
export function pairedGain(before: Float64Array, after: Float64Array): { gain: number; standardError: number } {
  const gains = before.map((loss, row) => loss - after[row]!);
  const gain = meanLoss(gains);
  const squares = gains.reduce((sum, one) => sum + (one - gain) ** 2, 0);
  // A single image has no standard error.
  const standardError = Math.sqrt(squares / (gains.length - 1) / gains.length);
  return { gain, standardError: gains.length > 1 ? standardError : Number.POSITIVE_INFINITY };
}

/** Zero without images. */
export function meanLoss(losses: Float64Array): number {
  return losses.length === 0 ? 0 : losses.reduce((sum, one) => sum + one, 0) / losses.length;
}
