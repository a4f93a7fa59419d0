/** Bootstrap intervals of scores that have no simple formula. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { logLossOf } from './losses.ts';
import { argmax, checkScored, firstIndex } from './score.ts';

/** The limits of a 95 % interval; null if the score is undefined. */
export type Interval = [low: number, high: number] | null;

export interface ScoreIntervals {
  logLoss: Interval;
  balancedAccuracy: Interval;
  auc: Interval;
}

export interface BootstrapOptions {
  seed: number;
  /** Number of resamples; by default 1,000. */
  resampleCount?: number;
  /** Called every few milliseconds of work; its errors end the computation. */
  pause?: () => Promise<void>;
}

/**
 * Percentile intervals of scores over stratified resamples: as many images of each class as there are, drawn with replacement.
 *
 * @param probabilities [images, classes]; each row sums to 1.
 * @param labels the true class of each row.
 * @returns 95 % intervals; null if no class has two images, and for an area under the curve that is undefined.
 * @throws Error for probabilities that are not finite, and for labels out of range.
 */
export async function bootstrapIntervals(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  { seed, resampleCount = 1000, pause }: BootstrapOptions,
): Promise<ScoreIntervals> {
  checkScored(probabilities, labels, classCount);
  const rowCount = labels.length;
  if (!canVary(labels, classCount)) return { logLoss: null, balancedAccuracy: null, auc: null };
  const losses = lossesOf(probabilities, labels, classCount);
  const correct = Uint8Array.from({ length: rowCount }, (_, row) =>
    Number(argmax(probabilities, row, classCount) === labels[row]),
  );
  const curves = await curvesOf(probabilities, labels, classCount, pause);
  const draw = stratifiedDraws(labels, classCount, seed);
  const drawn = { logLoss: [] as number[], balancedAccuracy: [] as number[], auc: [] as number[] };
  for (let resample = 0; resample < resampleCount; resample += 1) {
    const times = draw();
    drawn.logLoss.push(weightedMean(losses, times));
    drawn.balancedAccuracy.push(balancedAccuracy(correct, labels, classCount, times));
    const areas: number[] = [];
    for (const curve of curves) {
      areas.push(areaUnder(curve, times));
      await pause?.();
    }
    if (areas.length > 0) drawn.auc.push(mean(areas));
    await pause?.();
  }
  return {
    logLoss: percentile95(drawn.logLoss),
    balancedAccuracy: percentile95(drawn.balancedAccuracy),
    auc: curves.length === 0 ? null : percentile95(drawn.auc),
  };
}

/**
 * The difference of two classifiers' log losses on the same images, with a 95 % interval over stratified resamples of the images.
 *
 * @returns the first log loss minus the second, in nats per image; null if no class has two images.
 * @throws Error as {@link bootstrapIntervals}.
 */
export async function bootstrapLossDifference(
  first: Float32Array,
  second: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  { seed, resampleCount = 1000, pause }: BootstrapOptions,
): Promise<{ difference: number; interval: [low: number, high: number] } | null> {
  for (const probabilities of [first, second]) checkScored(probabilities, labels, classCount);
  if (!canVary(labels, classCount)) return null;
  const ofSecond = lossesOf(second, labels, classCount);
  const differences = lossesOf(first, labels, classCount).map((loss, row) => loss - ofSecond[row]!);
  const draw = stratifiedDraws(labels, classCount, seed);
  const drawn: number[] = [];
  for (let resample = 0; resample < resampleCount; resample += 1) {
    drawn.push(weightedMean(differences, draw()));
    await pause?.();
  }
  return { difference: mean(Array.from(differences)), interval: percentile95(drawn) };
}

/** The 2.5th and the 97.5th percentile, interpolated as NumPy does. */
export function percentile95(values: readonly number[]): [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const low = Math.floor(position);
    const [left, right] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
    return left + (position - low) * (right - left);
  };
  return [at(0.025), at(0.975)];
}

// --- internal ---

/** Whether stratified resamples differ from each other. */
function canVary(labels: ArrayLike<number>, classCount: number): boolean {
  const counts = new Uint32Array(classCount);
  for (let row = 0; row < labels.length; row += 1) counts[labels[row]!]! += 1;
  return counts.some((count) => count > 1);
}

/** Draws resamples: how often each row is in it, with as many rows of each class as there are. */
function stratifiedDraws(labels: ArrayLike<number>, classCount: number, seed: number): () => Uint16Array {
  const rowsOfClass = Array.from({ length: classCount }, () => [] as number[]);
  for (let row = 0; row < labels.length; row += 1) rowsOfClass[labels[row]!]!.push(row);
  const random = xoroshiro128plus(seed);
  return () => {
    const times = new Uint16Array(labels.length);
    for (const rows of rowsOfClass)
      for (let count = 0; count < rows.length; count += 1) times[rows[uniformInt(random, 0, rows.length - 1)]!]! += 1;
    return times;
  };
}

function lossesOf(probabilities: Float32Array, labels: ArrayLike<number>, classCount: number): Float64Array {
  return Float64Array.from({ length: labels.length }, (_, row) =>
    logLossOf(probabilities[row * classCount + labels[row]!]!),
  );
}

function weightedMean(values: Float64Array, times: Uint16Array): number {
  let sum = 0;
  for (let row = 0; row < values.length; row += 1) sum += values[row]! * times[row]!;
  return sum / values.length;
}

function balancedAccuracy(
  correct: Uint8Array,
  labels: ArrayLike<number>,
  classCount: number,
  times: Uint16Array,
): number {
  const counts = new Float64Array(classCount);
  const hits = new Float64Array(classCount);
  for (let row = 0; row < times.length; row += 1) {
    counts[labels[row]!]! += times[row]!;
    hits[labels[row]!]! += times[row]! * correct[row]!;
  }
  return mean(
    Array.from(counts.keys(), (label) => hits[label]! / counts[label]!).filter((recall) => !Number.isNaN(recall)),
  );
}

/** A class's ROC curve, prepared for resamples. */
interface Curve {
  /** Rows of the class, by ascending probability of the class. */
  positives: Uint32Array;
  /**
   * For each row of another class, how many rows of the class have a lower probability, and how many have at most an equal one.
   * For each row of the class, their number, so that it has none above it.
   */
  lower: Uint16Array | Uint32Array;
  upTo: Uint16Array | Uint32Array;
}

/** With two classes, the curves of both have the same area. Classes without images have none. */
async function curvesOf(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classCount: number,
  pause: (() => Promise<void>) | undefined,
): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (let target = classCount === 2 ? 1 : 0; target < classCount; target += 1) {
    const positives = rowsOf(labels, target).sort(
      (a, b) => probabilities[a * classCount + target]! - probabilities[b * classCount + target]!,
    );
    if (positives.length === 0 || positives.length === labels.length) continue;
    const ascending = Float32Array.from(positives, (row) => probabilities[row * classCount + target]!);
    const Counts = positives.length < 2 ** 16 ? Uint16Array : Uint32Array;
    const lower = new Counts(labels.length).fill(positives.length);
    // Without ties, it has the same numbers.
    let upTo = lower;
    for (let row = 0; row < labels.length; row += 1) {
      if (labels[row] === target) continue;
      const probability = probabilities[row * classCount + target]!;
      const count = firstIndex(ascending, probability, false);
      const isTie = ascending[count] === probability;
      if (isTie && upTo === lower) upTo = lower.slice();
      lower[row] = count;
      if (upTo !== lower) upTo[row] = isTie ? firstIndex(ascending, probability, true) : count;
    }
    curves.push({ positives, lower, upTo });
    await pause?.();
  }
  return curves;
}

function rowsOf(labels: ArrayLike<number>, target: number): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < labels.length; row += 1) if (labels[row] === target) rows.push(row);
  return Uint32Array.from(rows);
}

/** Mann-Whitney U of a resample over the number of pairs; ties count one half. */
function areaUnder({ positives, lower, upTo }: Curve, times: Uint16Array): number {
  // The number of drawn positives among the first ones.
  const drawn = new Float64Array(positives.length + 1);
  for (let index = 0; index < positives.length; index += 1)
    drawn[index + 1] = drawn[index]! + times[positives[index]!]!;
  const positiveCount = drawn[positives.length]!;
  let pairs = 0;
  let count = 0;
  for (let row = 0; row < times.length; row += 1) {
    pairs += times[row]! * (positiveCount - (drawn[lower[row]!]! + drawn[upTo[row]!]!) / 2);
    count += times[row]!;
  }
  return pairs / (positiveCount * (count - positiveCount));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
