/** Value and gradient of a function at a point. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

/** Number of past steps that estimate the curvature. */
const memoryLength = 10;
/** More than any search needs, unless the scales of its coefficients differ by orders of magnitude. */
const maximumIterations = 1000;
/** A step by this share of a direction that does not decrease the value counts as none. */
const shortestStep = 1e-12;
/** A search ends if so many iterations decrease the value by less than this share of it. */
const stallLength = 100;
const stallDecrease = 1e-8;

/**
 * Minimizes a smooth, strictly convex function with L-BFGS and a backtracking line search.
 *
 * Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 3.1.
 *
 * @param tolerance converges when no entry of the gradient is larger.
 * @param onLimit called if the search has not converged after 1,000 iterations.
 * @returns the minimum, the point from which float64 finds no lower one, or the lowest point that 1,000 iterations reached.
 */
export function minimize(
  evaluate: (point: Float64Array) => Evaluation,
  start: Float64Array,
  tolerance: number,
  onLimit?: () => void,
): Float64Array {
  const search = searchSteps(start, tolerance, onLimit);
  let step = search.next();
  while (!step.done) step = search.next(evaluate(step.value));
  return step.value;
}

/** {@link minimize} of a function whose evaluation pauses, so that the thread can do other work. */
export async function minimizeWithPauses(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  tolerance: number,
  onLimit?: () => void,
): Promise<Float64Array> {
  const search = searchSteps(start, tolerance, onLimit);
  let step = search.next();
  while (!step.done) step = search.next(await evaluate(step.value));
  return step.value;
}

// --- internal ---

/** Yields the points to evaluate. */
type Search<Result> = Generator<Float64Array, Result, Evaluation>;

function* searchSteps(start: Float64Array, tolerance: number, onLimit = () => {}): Search<Float64Array> {
  const memory: Step[] = [];
  let point = start;
  let { value, gradient } = yield point;
  // Comparisons with NaN are false: the search would not notice.
  if (!Number.isFinite(value)) throw new Error(`minimize: expected a finite value at the start, received ${value}`);
  let earlierValue = value;
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    if (iteration % stallLength === 0) {
      // Each step from kink to kink decreases the value by next to nothing.
      if (iteration > 0 && earlierValue - value <= stallDecrease * Math.abs(value)) return point;
      earlierValue = value;
    }
    if (gradient.every((slope) => Math.abs(slope) <= tolerance)) return point;
    const direction = descentDirection(gradient, memory);
    const next = yield* lowerPoint({ point, value, gradient }, direction);
    if (next === undefined) {
      // With numbers as large as 1e4, the function has kinks as far as float64 can tell, and its curvature is no guide.
      if (memory.length === 0) return point;
      memory.length = 0;
      continue;
    }
    const step = stepBetween(point, next.point, gradient, next.gradient);
    if (Number.isFinite(step.rho)) memory.push(step);
    if (memory.length > memoryLength) memory.shift();
    ({ point, value, gradient } = next);
  }
  // Every step goes down, so that no point is lower.
  onLimit();
  return point;
}

interface Place extends Evaluation {
  point: Float64Array;
}

/** The first point along a direction that satisfies the Armijo condition, from length 1 down; undefined if there is none. */
function* lowerPoint({ point, value, gradient }: Place, direction: Float64Array): Search<Place | undefined> {
  const slope = dot(direction, gradient);
  for (let length = 1; length >= shortestStep; length /= 2) {
    const next = moved(point, direction, length);
    const there = yield next;
    // A sufficient decrease for the slope, within float64 precision.
    if (there.value <= value + 1e-4 * length * slope + 1e-14 * Math.abs(value)) return { point: next, ...there };
  }
  return undefined;
}

/** Changes of point (s) and gradient (y) in one iteration, and 1 / (s · y). */
interface Step {
  s: Float64Array;
  y: Float64Array;
  rho: number;
}

function stepBetween(from: Float64Array, to: Float64Array, gradientFrom: Float64Array, gradientTo: Float64Array): Step {
  const s = to.map((one, index) => one - from[index]!);
  const y = gradientTo.map((one, index) => one - gradientFrom[index]!);
  return { s, y, rho: 1 / dot(s, y) };
}

/** The two-loop recursion: −(an estimate of the inverse Hessian) × gradient. */
function descentDirection(gradient: Float64Array, memory: readonly Step[]): Float64Array {
  const last = memory.at(-1);
  // Without an estimate of the curvature, the first step has a length of at most 1.
  const scale =
    last === undefined ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1 / (last.rho * dot(last.y, last.y));
  const direction = gradient.slice();
  const weights: number[] = [];
  for (const { s, y, rho } of memory.toReversed()) {
    const weight = rho * dot(s, direction);
    weights.unshift(weight);
    addScaled(direction, y, -weight);
  }
  for (const [index, one] of direction.entries()) direction[index] = one * scale;
  for (const [index, { s, y, rho }] of memory.entries())
    addScaled(direction, s, weights[index]! - rho * dot(y, direction));
  return direction.map((one) => -one);
}

function moved(point: Float64Array, direction: Float64Array, length: number): Float64Array {
  return point.map((one, index) => one + length * direction[index]!);
}

function addScaled(target: Float64Array, other: Float64Array, factor: number): void {
  for (const [index, one] of other.entries()) target[index]! += factor * one;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, one, index) => sum + one * b[index]!, 0);
}
