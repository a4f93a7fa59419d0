/** Rounding and summation in the order of NumPy, so that estimated counts equal those of cleanlab. */

/** Rounds to the nearest integer; halves go to the even one, as in IEEE 754 and NumPy. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Rounds numbers to integers that keep the rounded sum: the numbers whose rounding error is largest are rounded the other way.
 *
 * Of equal errors, the last one is raised or the first one lowered; NumPy leaves their order open.
 */
export function roundKeepingSum(values: readonly number[]): number[] {
  const rounded = values.map(roundHalfEven);
  const sumOf = (all: readonly number[]) => all.reduce((sum, value) => sum + value, 0);
  let lacking = roundHalfEven(sumOf(values)) - sumOf(rounded);
  while (lacking !== 0 && values.length > 0) {
    const step = Math.sign(lacking);
    const errors = values.map((value, index) => value - rounded[index]!);
    const ascending = [...errors.keys()].sort((a, b) => errors[a]! - errors[b]! || a - b);
    const order = step > 0 ? ascending.reverse() : ascending;
    for (const index of order.slice(0, Math.abs(lacking))) rounded[index]! += step;
    lacking = roundHalfEven(sumOf(values)) - sumOf(rounded);
  }
  return rounded;
}

/** Sums pairwise in NumPy's order, which decides how a count that is exactly a half is rounded. */
export function pairwiseSum(values: Float64Array): number {
  const { length } = values;
  if (length < 8) return values.reduce((sum, value) => sum + value, 0);
  if (length > blockLength) {
    const half = Math.floor(length / 2);
    const split = half - (half % 8);
    return pairwiseSum(values.subarray(0, split)) + pairwiseSum(values.subarray(split));
  }
  const sums = Array.from(values.subarray(0, 8));
  let index = 8;
  for (; index < length - (length % 8); index += 8)
    for (let lane = 0; lane < 8; lane += 1) sums[lane]! += values[index + lane]!;
  const [a, b, c, d, e, f, g, h] = sums as [number, number, number, number, number, number, number, number];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (; index < length; index += 1) sum += values[index]!;
  return sum;
}

// --- internal ---

/** Numbers that NumPy sums in one loop of eight sums. */
const blockLength = 128;
