/** Features of all members side by side, each with mean 0 and variance 1. */

export interface StandardizedFeatures {
  /** [rows, width] */
  values: Float32Array;
  width: number;
  /** Of each feature; `values` are (feature − mean) × scale. */
  means: Float64Array;
  /** 1 / standard deviation; 0 for a feature that is constant, as far as float32 can tell. */
  scales: Float64Array;
}

/** A smaller standard deviation, relative to the mean, is a rounding error of float32. */
const smallestSpread = 1e-6;

/**
 * Concatenates and standardizes features, with the population's standard deviation, as scikit-learn's `StandardScaler`.
 *
 * @param parts per member [rowCount, its width].
 */
export function standardize(parts: readonly Float32Array[], rowCount: number): StandardizedFeatures {
  const widths = parts.map(({ length }) => length / rowCount);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const values = new Float32Array(rowCount * width);
  const means = new Float64Array(width);
  const scales = new Float64Array(width);
  let first = 0;
  for (const [index, part] of parts.entries()) {
    const partWidth = widths[index]!;
    const [ownMeans, ownScales] = momentsOf(part, partWidth, rowCount);
    means.set(ownMeans, first);
    scales.set(ownScales, first);
    for (let row = 0; row < rowCount; row += 1)
      for (let feature = 0; feature < partWidth; feature += 1)
        values[row * width + first + feature] =
          (part[row * partWidth + feature]! - ownMeans[feature]!) * ownScales[feature]!;
    first += partWidth;
  }
  return { values, width, means, scales };
}

// --- internal ---

function momentsOf(part: Float32Array, width: number, rowCount: number): [means: Float64Array, scales: Float64Array] {
  const means = new Float64Array(width);
  const variances = new Float64Array(width);
  for (let row = 0; row < rowCount; row += 1)
    for (let feature = 0; feature < width; feature += 1) means[feature]! += part[row * width + feature]! / rowCount;
  for (let row = 0; row < rowCount; row += 1)
    for (let feature = 0; feature < width; feature += 1)
      variances[feature]! += (part[row * width + feature]! - means[feature]!) ** 2 / rowCount;
  const scales = variances.map((variance, feature) => {
    const deviation = Math.sqrt(variance);
    return deviation <= smallestSpread * Math.abs(means[feature]!) ? 0 : 1 / deviation;
  });
  return [means, scales];
}
