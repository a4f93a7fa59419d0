/**
 * Logistic regression with an L2 penalty: of one logit for two classes, else of one per class, as scikit-learn's
 * `LogisticRegression`.
 *
 * Newton's method; each step comes from conjugate gradients, which need only products with the Hessian. Nocedal and Wright,
 * "Numerical Optimization", 2006, algorithm 7.1.
 */
import { sigmoid } from '../probabilities.ts';
import { addRows, type Design, rowsPerBlock, scoreRows } from './design.ts';

export interface RegressionData extends Design {
  /** Class of each row of the whole matrix. */
  labels: ArrayLike<number>;
  /** Weight of the loss of each row of the whole matrix. */
  rowWeights: ArrayLike<number>;
  /** 1 for two classes, else the number of classes. */
  outputCount: number;
}

export interface RegressionOptions {
  /** The loss is the weighted sum of the rows' cross-entropies + strength / 2 × the squared coefficients without the biases (1 / C). */
  strength: number;
  /** Converges when the loss, with the penalty, is at most this share above its minimum. */
  tolerance: number;
  /** Coefficients to start from; by default 0. */
  start?: Float64Array;
  /** Called every few milliseconds; an error that it throws ends the fit. */
  onStep(): void;
}

/** Keeps biases finite if a class has no rows. */
const biasStrength = 1e-6;
const maximumSteps = 100;
const maximumProducts = 1000;
/** A step by this share of a direction that does not decrease the loss counts as none. */
const shortestStep = 1e-12;

/** @returns per output: a coefficient for each feature, then the bias. */
export function fitRegression(data: RegressionData, options: RegressionOptions): Float64Array {
  const { width, rows, outputCount } = data;
  const { strength, tolerance, onStep } = options;
  const penalties = new Float64Array(outputCount * (width + 1)).fill(strength);
  for (let output = 1; output <= outputCount; output += 1) penalties[output * (width + 1) - 1] = biasStrength;
  const coefficients = options.start?.slice() ?? new Float64Array(penalties.length);
  const scores = scoresOf(data, coefficients, onStep);
  const curve = new LossCurve(data);
  const gradientAt = (point: Float64Array) => {
    const gradient = point.map((one, index) => one * penalties[index]!);
    eachBlock(rows.length, onStep, (start, end) => addRows(data, start, end, curve.slopes, outputCount, gradient));
    return gradient;
  };
  let value = curve.moveTo(scores) + penaltyOf(coefficients, penalties);
  let first = 0;
  for (let step = 0; step < maximumSteps; step += 1) {
    const gradient = gradientAt(coefficients);
    const length = norm(gradient);
    if (step === 0) first = length;
    // In the coefficients, the curvature is at least `strength`: the minimum is at most length² / (2 strength) below.
    if (length ** 2 <= 2 * strength * tolerance * value) break;
    const accuracy = Math.min(0.1, Math.sqrt(length / first)) * length;
    const direction = newtonDirection(data, curve, { gradient, penalties, accuracy, onStep });
    const next = search({ data, curve, coefficients, scores, value, penalties }, direction, {
      slope: dot(gradient, direction),
      onStep,
    });
    // Float64 finds no lower loss.
    if (next === undefined) break;
    value = next;
  }
  return coefficients;
}

/** Scores [rows, outputs] of a design's rows. */
export function scoresOf(
  data: Pick<RegressionData, keyof Design | 'outputCount'>,
  coefficients: Float64Array,
  onStep: () => void,
): Float64Array {
  const { rows, outputCount } = data;
  const scores = new Float64Array(rows.length * outputCount);
  eachBlock(rows.length, onStep, (start, end) => scoreRows(data, start, end, coefficients, outputCount, scores));
  return scores;
}

/** Weighted sum of the cross-entropies of a design's rows. */
export function lossOf(data: RegressionData, scores: Float64Array): number {
  return new LossCurve(data).moveTo(scores);
}

// --- internal ---

/** The rows' weighted cross-entropies at some scores, with first and second derivatives. */
class LossCurve {
  /** [rows, outputs]: derivatives of the loss. */
  readonly slopes: Float64Array;
  /** [rows, outputs] */
  readonly #probabilities: Float64Array;
  readonly #data: RegressionData;

  constructor(data: RegressionData) {
    this.#data = data;
    this.#probabilities = new Float64Array(data.rows.length * data.outputCount);
    this.slopes = new Float64Array(this.#probabilities.length);
  }

  /** Moves to other scores and returns their loss. */
  moveTo(scores: Float64Array): number {
    const { rows, labels, rowWeights, outputCount } = this.#data;
    let loss = 0;
    for (let position = 0; position < rows.length; position += 1) {
      const label = labels[rows[position]!]!;
      const weight = rowWeights[rows[position]!]!;
      loss +=
        weight *
        (outputCount === 1 ? this.#binary(scores, position, label) : this.#categorical(scores, position, label));
      for (let index = position * outputCount; index < (position + 1) * outputCount; index += 1)
        this.slopes[index]! *= weight;
    }
    return loss;
  }

  /** Replaces directions [rows, outputs] of a block of rows by second derivatives × directions. */
  bend(directions: Float64Array, start: number, end: number): void {
    const { rows, rowWeights, outputCount } = this.#data;
    for (let position = start; position < end; position += 1) {
      const at = position * outputCount;
      const weight = rowWeights[rows[position]!]!;
      let mean = 0;
      for (let index = at; index < at + outputCount; index += 1)
        mean += this.#probabilities[index]! * directions[index]!;
      for (let index = at; index < at + outputCount; index += 1)
        directions[index] = weight * this.#probabilities[index]! * (directions[index]! - mean);
    }
  }

  /** log(1 + e^z) − y z, in a form in which neither term overflows. */
  #binary(scores: Float64Array, position: number, label: number): number {
    const score = scores[position]!;
    const probability = sigmoid(score);
    this.#probabilities[position] = probability;
    this.slopes[position] = probability - label;
    return Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - label * score;
  }

  #categorical(scores: Float64Array, position: number, label: number): number {
    const { outputCount } = this.#data;
    const start = position * outputCount;
    const end = start + outputCount;
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = start; index < end; index += 1) largest = Math.max(largest, scores[index]!);
    let sum = 0;
    for (let index = start; index < end; index += 1) {
      const power = Math.exp(scores[index]! - largest);
      this.#probabilities[index] = power;
      sum += power;
    }
    for (let index = start; index < end; index += 1) {
      this.#probabilities[index]! /= sum;
      this.slopes[index] = this.#probabilities[index]!;
    }
    this.slopes[start + label]! -= 1;
    return Math.log(sum) + largest - scores[start + label]!;
  }
}

/** Solves Hessian × direction = −gradient by conjugate gradients, until the residual is no longer than `accuracy`. */
function newtonDirection(
  data: RegressionData,
  curve: LossCurve,
  {
    gradient,
    penalties,
    accuracy,
    onStep,
  }: { gradient: Float64Array; penalties: Float64Array; accuracy: number; onStep: () => void },
): Float64Array {
  const { rows, outputCount } = data;
  const direction = new Float64Array(gradient.length);
  const residual = gradient.map((one) => -one);
  let along = residual.slice();
  let squared = dot(residual, residual);
  const scores = new Float64Array(rows.length * outputCount);
  const product = new Float64Array(gradient.length);
  for (let count = 0; count < maximumProducts && Math.sqrt(squared) > accuracy; count += 1) {
    for (let index = 0; index < product.length; index += 1) product[index] = penalties[index]! * along[index]!;
    eachBlock(rows.length, onStep, (start, end) => {
      scoreRows(data, start, end, along, outputCount, scores);
      curve.bend(scores, start, end);
      addRows(data, start, end, scores, outputCount, product);
    });
    const length = squared / dot(along, product);
    addScaled(direction, along, length);
    addScaled(residual, product, -length);
    const next = dot(residual, residual);
    const share = next / squared;
    along = along.map((one, index) => residual[index]! + share * one);
    squared = next;
  }
  return direction;
}

interface Place {
  data: RegressionData;
  curve: LossCurve;
  coefficients: Float64Array;
  scores: Float64Array;
  /** The loss there, with the penalty. */
  value: number;
  penalties: Float64Array;
}

/**
 * Moves coefficients, scores and curve to the first point along a direction that satisfies the Armijo condition, from length 1
 * down.
 *
 * @returns the loss there; undefined if there is no such point.
 */
function search(
  { data, curve, coefficients, scores, value, penalties }: Place,
  direction: Float64Array,
  { slope, onStep }: { slope: number; onStep: () => void },
): number | undefined {
  const scoresAlong = scoresOf(data, direction, onStep);
  for (let length = 1; length >= shortestStep; length /= 2) {
    const point = coefficients.slice();
    addScaled(point, direction, length);
    const there = scores.slice();
    addScaled(there, scoresAlong, length);
    const next = curve.moveTo(there) + penaltyOf(point, penalties);
    // A sufficient decrease for the slope, within float64 precision.
    if (next > value + 1e-4 * length * slope + 1e-14 * Math.abs(value)) continue;
    coefficients.set(point);
    scores.set(there);
    return next;
  }
  curve.moveTo(scores);
  return undefined;
}

/** Calls a function for consecutive blocks of rows. */
function eachBlock(rowCount: number, onStep: () => void, call: (start: number, end: number) => void): void {
  for (let start = 0; start < rowCount; start += rowsPerBlock) {
    onStep();
    call(start, Math.min(rowCount, start + rowsPerBlock));
  }
}

function penaltyOf(coefficients: Float64Array, penalties: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < coefficients.length; index += 1)
    sum += (penalties[index]! / 2) * coefficients[index]! ** 2;
  return sum;
}

function addScaled(target: Float64Array, other: Float64Array, factor: number): void {
  for (let index = 0; index < target.length; index += 1) target[index]! += factor * other[index]!;
}

function norm(numbers: Float64Array): number {
  return Math.sqrt(dot(numbers, numbers));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}
