/** The worst result of many comparisons. */
export interface Finding {
  check: string;
  worst: number;
  limit: number;
  /** Of the worst. */
  where: string;
}

/** Counts the positions at which two lists differ. */
export function differences(check: string, found: readonly unknown[], expected: readonly unknown[]): Finding {
  const places = Array.from({ length: Math.max(found.length, expected.length) }, (_, index) => index);
  const text = (one: unknown) => JSON.stringify(one) ?? 'nothing';
  const wrong = places.filter((place) => text(found[place]) !== text(expected[place]));
  const [first] = wrong;
  const where = first === undefined ? '' : `${text(found[first])}, in Keras ${text(expected[first])}`;
  return { check, worst: wrong.length, limit: 0, where };
}

/** @param comparisons locations, and differences from Keras. */
export function worstOf(check: string, limit: number, comparisons: readonly [string, number][]): Finding {
  // NaN is the worst value, regardless of later ones.
  const isWorse = (one: number, most: number) => !(one <= most || Number.isNaN(most));
  const [where, worst] = comparisons.reduce((most, one) => (isWorse(one[1], most[1]) ? one : most), ['', 0]);
  return { check, worst, limit, where };
}
