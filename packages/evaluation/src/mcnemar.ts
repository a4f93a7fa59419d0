/** The difference between two classifiers on the same images. */
export interface PairedDifference {
  /** Number of images that only the first classifies correctly. */
  onlyFirst: number;
  /** Number of images that only the second classifies correctly. */
  onlySecond: number;
}

/** Counts the images that exactly one of two classifiers classifies correctly. Both lists have one entry per image. */
export function pairedDifference(first: readonly boolean[], second: readonly boolean[]): PairedDifference {
  if (first.length !== second.length)
    throw new Error(`paired lists differ in length: ${first.length} and ${second.length}`);
  let onlyFirst = 0;
  let onlySecond = 0;
  for (const [index, right] of first.entries()) {
    if (right && !second[index]) onlyFirst += 1;
    if (!right && second[index]) onlySecond += 1;
  }
  return { onlyFirst, onlySecond };
}

/**
 * Exact two-sided McNemar test (McNemar 1947): the binomial probability of a split at least as uneven as this one when
 * both classifiers are equally good.
 *
 * @returns p within (0, 1]; 1 when they never differ.
 * @throws Error when a number is not a nonnegative integer.
 */
export function exactMcnemar({ onlyFirst, onlySecond }: PairedDifference): number {
  if (![onlyFirst, onlySecond].every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new Error(`expected two counts, received ${onlyFirst} and ${onlySecond}`);
  const differing = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  // Sums C(n, k) / 2^n for k ≤ fewer. Terms are computed from the previous one in logarithms: 2^-n underflows for n > 1,074.
  let logTerm = -differing * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= fewer; k += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((differing - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

/**
 * Holm's step-down adjustment of p-values for the number of tests (Holm 1979).
 *
 * @returns adjusted p-values in the given order, each at least the unadjusted one and at most 1.
 * @throws Error when a p-value is not within [0, 1].
 */
export function holm(pValues: readonly number[]): number[] {
  for (const [row, p] of pValues.entries())
    if (!(p >= 0 && p <= 1)) throw new Error(`expected probabilities, received ${p} in row ${row}`);
  const order = pValues.map((_, index) => index).toSorted((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
