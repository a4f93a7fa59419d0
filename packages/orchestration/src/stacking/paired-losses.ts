/** Log losses of the same images by two classifiers. */
import { argmax, logLossOf } from '@chorus/evaluation';

/** Images with known classes. */
export interface LabeledOutputs {
  /** [images, classes] */
  probabilities: Float32Array;
  labels: Int32Array;
  /** What each image counts for, as for the stackers; 1 if omitted. */
  weights?: Float64Array | undefined;
}

/** The loss of each image times its weight, relative to the mean of the weights. */
export function lossesOf(
  probabilities: Float32Array,
  { labels, weights }: Pick<LabeledOutputs, 'labels' | 'weights'>,
  classCount: number,
): Float64Array {
  const meanWeight = weights ? meanOf(weights) : 1;
  return Float64Array.from(
    labels,
    (label, row) => (logLossOf(probabilities[row * classCount + label]!) * (weights?.[row] ?? 1)) / meanWeight,
  );
}

/**
 * The loss of an image that a classifier gets wrong, if it is as confident as it is on the given images: the mean of
 * −ln(1 − largest probability). With more than two classes, the loss is at least that.
 *
 * @param probabilities [images, classes]
 */
export function surpriseOf(probabilities: Float32Array, classCount: number): number {
  const losses = new Float64Array(probabilities.length / classCount);
  for (let row = 0; row < losses.length; row += 1) {
    const largest = probabilities[row * classCount + argmax(probabilities, row, classCount)]!;
    losses[row] = logLossOf(1 - largest);
  }
  return meanOf(losses);
}

/** How much lower the second losses are on average, and the standard error of this difference. */
export function pairedGain(before: Float64Array, after: Float64Array): { gain: number; standardError: number } {
  const gains = before.map((loss, row) => loss - after[row]!);
  const gain = meanOf(gains);
  const squares = gains.reduce((sum, one) => sum + (one - gain) ** 2, 0);
  // A single image has no standard error.
  const standardError = Math.sqrt(squares / (gains.length - 1) / gains.length);
  return { gain, standardError: gains.length > 1 ? standardError : Number.POSITIVE_INFINITY };
}

/** 0 without values. */
export function meanOf(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;
}
