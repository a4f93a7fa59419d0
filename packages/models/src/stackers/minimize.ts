/** Value and gradient of a function at a point. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

/** Number of past steps that estimate the curvature. */
const memoryLength = 10;
const maximumIterations = 1000;

/**
 * Minimizes a smooth, strictly convex function with L-BFGS and a backtracking line search.
 *
 * Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 3.1.
 *
 * @param tolerance converges when no entry of the gradient is larger.
 * @returns the minimum.
 * @throws Error if it does not converge, as for a function that is not smooth and strictly convex.
 */
export function minimize(
  evaluate: (point: Float64Array) => Evaluation,
  start: Float64Array,
  tolerance: number,
): Float64Array {
  const memory: Step[] = [];
  let point = start;
  let { value, gradient } = evaluate(point);
  // Comparisons with NaN are false: the search would not notice.
  if (!Number.isFinite(value)) throw new Error(`minimize: expected a finite value at the start, received ${value}`);
  for (let iteration = 0; iteration < maximumIterations; iteration += 1) {
    if (gradient.every((slope) => Math.abs(slope) <= tolerance)) return point;
    const direction = descentDirection(gradient, memory);
    const slope = dot(direction, gradient);
    let length = 1;
    let next = moved(point, direction, length);
    let there = evaluate(next);
    // The Armijo condition: a sufficient decrease for the slope, within float64 precision.
    while (!(there.value <= value + 1e-4 * length * slope + 1e-14 * Math.abs(value))) {
      length /= 2;
      if (length < 1e-12) throw new Error(`line search failed: slope ${slope}`);
      next = moved(point, direction, length);
      there = evaluate(next);
    }
    memory.push(stepBetween(point, next, gradient, there.gradient));
    if (memory.length > memoryLength) memory.shift();
    point = next;
    ({ value, gradient } = there);
  }
  throw new Error(`minimize: no convergence after ${maximumIterations} iterations`);
}

// --- internal ---

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
