/** z of a two-sided 95 % interval of the normal distribution. */
const z95 = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a proportion (Wilson 1927), which is accurate near 0 and 1 and for small counts.
 *
 * @returns [low, high] within [0, 1]; [0, 1] for a count of 0.
 * @throws Error when the numbers are not integers with 0 ≤ correct ≤ count.
 */
export function wilson95(correct: number, count: number): [low: number, high: number] {
  if (!Number.isInteger(correct) || !Number.isInteger(count) || correct < 0 || correct > count)
    throw new Error(`expected a count of correct images from 0 to their total, received ${correct} of ${count}`);
  if (count === 0) return [0, 1];
  const share = correct / count;
  const z2 = z95 * z95;
  const center = (share + z2 / (2 * count)) / (1 + z2 / count);
  const half = (z95 / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count));
  // At 0 and 1, the bound is exact; rounding must not exclude the proportion itself.
  return [correct === 0 ? 0 : center - half, correct === count ? 1 : center + half];
}
