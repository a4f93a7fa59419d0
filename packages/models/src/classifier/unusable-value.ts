/**
 * The first number with which a layer cannot compute: one that is not finite, or a variance below 0.
 *
 * @param weightName such as `moving_variance`.
 * @returns for a message, what was expected and what is there; undefined when all numbers are usable.
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
