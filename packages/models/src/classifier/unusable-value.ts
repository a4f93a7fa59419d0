/**
 * Finds the first value that a layer cannot compute with: one that is not finite, or a negative variance.
 *
 * @param weightName such as `moving_variance`.
 * @returns what was expected and what was found, for a message; undefined if all values are usable.
 */
export function unusableValue(
  values: Float32Array,
  weightName: string,
): { expected: string; received: string } | undefined {
  const isVariance = weightName.endsWith('moving_variance');
  const index = values.findIndex((value) => !Number.isFinite(value) || (isVariance && value < 0));
  if (index === -1) return undefined;
  return {
    expected: Number.isFinite(values[index]) ? 'variances of 0 or more' : 'finite numbers',
    received: `${values[index]} at index ${index}`,
  };
}
