/** Bootstrap intervals of scores that have no simple formula. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { argmax, checkScored } from './score.ts';

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
  /** Called after each resample; its errors end the computation. */
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
  const curves = curvesOf(probabilities, labels, classCount);
  const draw = stratifiedDraws(labels, classCount, seed);
  const drawn = { logLoss: [] as number[], balancedAccuracy: [] as number[], auc: [] as number[] };
  for (let resample = 0; resample < resampleCount; resample += 1) {
    const times = draw();
    drawn.logLoss.push(weightedMean(losses, times));
    drawn.balancedAccuracy.push(balancedAccuracy(correct, labels, classCount, times));
    if (curves.length > 0) drawn.auc.push(mean(curves.map((curve) => areaUnder(curve, times))));
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
  return Float64Array.from({ length: labels.length }, (_, row) => {
    const probability = probabilities[row * classCount + labels[row]!]!;
    return -Math.log(Math.min(1 - 1e-7, Math.max(1e-7, probability)));
  });
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
  /** Rows by ascending probability of the class. */
  order: Uint32Array;
  /** For each position of the order, whether its probability equals that of the position before. */
  isTie: Uint8Array;
  isPositive: Uint8Array;
}

/** With two classes, the curves of both have the same area. Classes without images have none. */
function curvesOf(probabilities: Float32Array, labels: ArrayLike<number>, classCount: number): Curve[] {
  const targets = classCount === 2 ? [1] : Array.from({ length: classCount }, (_, label) => label);
  return targets.flatMap((target) => {
    const isPositive = Uint8Array.from({ length: labels.length }, (_, row) => Number(labels[row] === target));
    const positiveCount = isPositive.reduce((sum, one) => sum + one, 0);
    if (positiveCount === 0 || positiveCount === labels.length) return [];
    const probabilityOf = (row: number) => probabilities[row * classCount + target]!;
    const order = Uint32Array.from(isPositive.keys()).sort((a, b) => probabilityOf(a) - probabilityOf(b));
    const isTie = Uint8Array.from(order, (row, position) =>
      Number(position > 0 && probabilityOf(row) === probabilityOf(order[position - 1]!)),
    );
    return [{ order, isTie, isPositive }];
  });
}

/** Mann-Whitney U of a resample over the number of pairs; ties count one half. */
function areaUnder({ order, isTie, isPositive }: Curve, times: Uint16Array): number {
  let [pairs, below] = [0, 0];
  let [positives, tiedPositives, tiedNegatives] = [0, 0, 0];
  const endTie = () => {
    pairs += tiedPositives * (below + tiedNegatives / 2);
    below += tiedNegatives;
    positives += tiedPositives;
    tiedPositives = 0;
    tiedNegatives = 0;
  };
  for (let position = 0; position < order.length; position += 1) {
    if (isTie[position] === 0) endTie();
    const row = order[position]!;
    if (isPositive[row] === 1) tiedPositives += times[row]!;
    else tiedNegatives += times[row]!;
  }
  endTie();
  return pairs / (positives * below);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The 2.5th and the 97.5th percentile, interpolated as NumPy does. */
function percentile95(values: readonly number[]): [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const low = Math.floor(position);
    const [left, right] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
    return left + (position - low) * (right - left);
  };
  return [at(0.025), at(0.975)];
}
