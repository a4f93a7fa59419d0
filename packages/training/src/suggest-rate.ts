/** Suggestions from a sweep over learning rates, by the rules of fastai's `lr_find`. */

/** Losses of a sweep: of steps at rising learning rates. */
export interface RateCurve {
  /** Ascending. */
  rates: readonly number[];
  /** The loss before each step. */
  losses: readonly number[];
  /** Number of steps of a whole sweep, which may have ended early. */
  stepCount: number;
}

export interface RateSuggestion {
  /** The rate at which the smoothed loss falls fastest; null if it never falls. */
  steepest: number | null;
  /** The rate at the middle of the longest run of falling losses, fastai's default. */
  valley: number;
  /** A tenth of the rate with the lowest smoothed loss. */
  tenthOfMinimum: number;
}

/** Share of the smoothed loss that each step keeps. */
const smoothing = 0.98;

/** Moving averages of the losses without the bias of the first steps, as fastai's AvgSmoothLoss. */
export function smoothed(losses: readonly number[]): number[] {
  let average = 0;
  return losses.map((loss, index) => {
    average = smoothing * average + (1 - smoothing) * loss;
    return average / (1 - smoothing ** (index + 1));
  });
}

/**
 * Suggests learning rates, as fastai's `steep`, `valley` and `minimum`. As there, the first tenth of the sweep and the last twentieth do not
 * count.
 *
 * @returns undefined if the loss diverged before enough steps were taken.
 */
export function suggestRate({ rates, losses, stepCount }: RateCurve): RateSuggestion | undefined {
  const from = Math.floor(stepCount / 10);
  const to = losses.length - Math.ceil(stepCount / 20);
  const values = smoothed(losses).slice(from, to);
  const counted = rates.slice(from, to);
  if (counted.length < 2) return undefined;
  const slopes = values
    .slice(1)
    .map((value, index) => (value - values[index]!) / Math.log(counted[index + 1]! / counted[index]!));
  const lowest = Math.min(...slopes);
  return {
    steepest: lowest < 0 ? counted[slopes.indexOf(lowest)]! : null,
    valley: counted[valleyIndex(values)]!,
    tenthOfMinimum: counted[values.indexOf(Math.min(...values))]! / 10,
  };
}

// --- internal ---

/** Index of the middle of the longest falling subsequence, whose steps need not be neighbors. */
function valleyIndex(values: readonly number[]): number {
  /** The length of the longest one that ends at each step. */
  const lengths = values.map(() => 1);
  for (const [index, value] of values.entries())
    for (let before = 0; before < index; before += 1)
      if (value < values[before]!) lengths[index] = Math.max(lengths[index]!, lengths[before]! + 1);
  const longest = Math.max(...lengths);
  if (longest === 1) return 0;
  const end = lengths.indexOf(longest);
  const section = longest / 3;
  return Math.max(0, end - longest + Math.floor(section) + Math.floor(section / 2));
}
