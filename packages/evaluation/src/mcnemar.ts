/** How two classifiers differ on the same images. */
export interface PairedDifference {
  /** Images that only the first got right. */
  onlyFirst: number;
  /** Images that only the second got right. */
  onlySecond: number;
}

/** Counts on which images exactly one of two classifiers is right; both lists run over the same images. */
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
 * @throws Error for what are no counts.
 */
export function exactMcnemar({ onlyFirst, onlySecond }: PairedDifference): number {
  if (![onlyFirst, onlySecond].every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new Error(`expected two counts, received ${onlyFirst} and ${onlySecond}`);
  const differing = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  // Sum of C(n, k) / 2^n for k ≤ fewer, each term from the one before, in logarithms: 2^-n underflows past n = 1,074.
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
 * @returns adjusted values in the order given, each at least its own p and at most 1.
 * @throws Error for what are no probabilities.
 */
export function holm(pValues: readonly number[]): number[] {
  const broken = pValues.find((p) => !(p >= 0 && p <= 1));
  if (broken !== undefined) throw new Error(`expected probabilities, received ${broken}`);
  const order = pValues.map((_, index) => index).toSorted((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
