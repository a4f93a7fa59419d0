/** Histograms of weights, small enough to be sent to the main thread. */

/** A histogram with buckets of equal width from the least to the greatest weight, as of `tf.summary.histogram` in TensorFlow 2. */
export interface WeightHistogram {
  /** Names of the layer and the weight, such as `head/kernel`. */
  name: string;
  minimum: number;
  maximum: number;
  sum: number;
  squareSum: number;
  /** Number of weights in each bucket; the last one contains the maximum. One bucket if all weights are equal. */
  counts: number[];
}

/** Number of buckets, TensorBoard's default. */
const bucketCount = 30;

/**
 * Counts weights. Weights that are not finite are left out.
 *
 * @returns undefined if no weight is finite.
 */
export function weightHistogram(name: string, weights: Float32Array): WeightHistogram | undefined {
  // Plain loops: a backbone has millions of weights.
  let [minimum, maximum, sum, squareSum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index]!;
    if (!Number.isFinite(weight)) continue;
    if (weight < minimum) minimum = weight;
    if (weight > maximum) maximum = weight;
    sum += weight;
    squareSum += weight * weight;
  }
  if (minimum > maximum) return undefined;
  const counts = new Array<number>(minimum === maximum ? 1 : bucketCount).fill(0);
  const bucketsPerUnit = minimum === maximum ? 0 : bucketCount / (maximum - minimum);
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index]!;
    if (!Number.isFinite(weight)) continue;
    const bucket = Math.floor((weight - minimum) * bucketsPerUnit);
    counts[Math.min(bucket, counts.length - 1)]! += 1;
  }
  return { name, minimum, maximum, sum, squareSum, counts };
}
