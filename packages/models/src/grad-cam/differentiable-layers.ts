/** The layers of stackers on plain numbers, with derivatives by the chain rule from the result back to the inputs. */
import type { StackerLayers } from '../stackers/definition.ts';
import { sigmoid, softmaxRows } from '../stackers/probabilities.ts';

/** A matrix [N, width], one row per image. */
export interface Differentiable {
  readonly numbers: Float64Array;
  readonly width: number;
  /** Passes on a derivative with respect to each of its numbers to what it was computed from. */
  pass(derivative: Float64Array): void;
}

/** An input, whose `derivative` adds up what is passed to it. */
export interface DifferentiableInput extends Differentiable {
  readonly derivative: Float64Array;
}

/** @param numbers [N, width] */
export function differentiableInput(numbers: ArrayLike<number>, width: number): DifferentiableInput {
  const derivative = new Float64Array(numbers.length);
  return {
    ...{ numbers: Float64Array.from(numbers), width, derivative },
    pass(part) {
      for (const [index, value] of part.entries()) derivative[index]! += value;
    },
  };
}

/** As those of an export; see `stackers/definition.ts`. */
export const differentiableLayers: StackerLayers<Differentiable> = {
  dense(x, _name, { kernel, bias, activation }) {
    const width = kernel[0]!.length;
    const rowCount = x.numbers.length / x.width;
    const sums = new Float64Array(rowCount * width);
    for (let row = 0; row < rowCount; row += 1)
      for (let output = 0; output < width; output += 1) {
        let sum = bias?.[output] ?? 0;
        for (let input = 0; input < x.width; input += 1)
          sum += x.numbers[row * x.width + input]! * kernel[input]![output]!;
        sums[row * width + output] = sum;
      }
    const linear: Differentiable = {
      ...{ numbers: sums, width },
      pass(derivative) {
        const passed = new Float64Array(x.numbers.length);
        for (const index of passed.keys()) {
          const [row, weights] = [Math.floor(index / x.width), kernel[index % x.width]!];
          for (const [output, weight] of weights.entries())
            passed[index]! += weight * derivative[row * width + output]!;
        }
        x.pass(passed);
      },
    };
    return activation === 'relu' ? relu(linear) : linear;
  },
  activation(x, _name, activation) {
    if (activation === 'relu') return relu(x);
    if (activation === 'softmax') return softmax(x);
    return elementwise(x, sigmoid, (_, share) => share * (1 - share));
  },
  rescale: (x, _name, { scale, offset }) =>
    elementwise(
      x,
      (value) => scale * value + offset,
      () => scale,
    ),
  concatenate(xs) {
    const width = xs.reduce((sum, x) => sum + x.width, 0);
    const rowCount = xs[0]!.numbers.length / xs[0]!.width;
    const starts = xs.map((_, index) => xs.slice(0, index).reduce((sum, x) => sum + x.width, 0));
    /** Visits the index of each number of each matrix, and its index in the result. */
    const visit = (call: (x: number, from: number, to: number) => void) => {
      for (const [index, x] of xs.entries())
        for (let row = 0; row < rowCount; row += 1)
          for (let column = 0; column < x.width; column += 1)
            call(index, row * x.width + column, row * width + starts[index]! + column);
    };
    const numbers = new Float64Array(rowCount * width);
    visit((index, from, to) => {
      numbers[to] = xs[index]!.numbers[from]!;
    });
    return {
      ...{ numbers, width },
      pass(derivative) {
        const passed = xs.map((x) => new Float64Array(x.numbers.length));
        visit((index, from, to) => {
          passed[index]![from] = derivative[to]!;
        });
        for (const [index, x] of xs.entries()) x.pass(passed[index]!);
      },
    };
  },
  mean(xs) {
    const [first] = xs as [Differentiable];
    return {
      numbers: first.numbers.map((_, index) => xs.reduce((sum, x) => sum + x.numbers[index]!, 0) / xs.length),
      width: first.width,
      pass(derivative) {
        for (const x of xs) x.pass(derivative.map((value) => value / xs.length));
      },
    };
  },
  probabilities(logits, classCount, _name, form = 'probabilities') {
    // The softmax of 0 and z is 1 − σ(z) and σ(z).
    const all = classCount === 2 ? withZero(logits) : logits;
    return form === 'probabilities' ? softmax(all) : logSoftmax(all);
  },
  logWeightedMean(xs, weights) {
    const [first] = xs as [Differentiable];
    const logs = weights.map((weight) => Math.log(weight));
    const numbers = first.numbers.map((_, index) =>
      logSumExp(xs.map((x, member) => x.numbers[index]! + logs[member]!)),
    );
    return {
      ...{ numbers, width: first.width },
      pass(derivative) {
        for (const [member, x] of xs.entries())
          x.pass(
            derivative.map((value, index) => value * Math.exp(x.numbers[index]! + logs[member]! - numbers[index]!)),
          );
      },
    };
  },
};

/** log(Σ exp(x)), without overflow. */
export function logSumExp(xs: readonly number[]): number {
  const largest = xs.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
  return largest + Math.log(xs.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}

// --- internal ---

/** @param slope derivative at a number, from that number and the result. */
function elementwise(
  x: Differentiable,
  apply: (value: number) => number,
  slope: (value: number, result: number) => number,
): Differentiable {
  const numbers = x.numbers.map(apply);
  return {
    ...{ numbers, width: x.width },
    pass: (derivative) => x.pass(derivative.map((value, index) => value * slope(x.numbers[index]!, numbers[index]!))),
  };
}

function relu(x: Differentiable): Differentiable {
  return elementwise(
    x,
    (value) => Math.max(0, value),
    (value) => Number(value > 0),
  );
}

/** Rows [z] → [0, z]. */
function withZero(x: Differentiable): Differentiable {
  return {
    numbers: Float64Array.from({ length: 2 * x.numbers.length }, (_, index) =>
      index % 2 === 0 ? 0 : x.numbers[(index - 1) / 2]!,
    ),
    width: 2,
    pass: (derivative) => x.pass(derivative.filter((_, index) => index % 2 === 1)),
  };
}

function softmax(x: Differentiable): Differentiable {
  const numbers = softmaxRows(x.numbers, x.width);
  return {
    ...{ numbers, width: x.width },
    pass(derivative) {
      const means = rowSums(
        derivative.map((value, index) => value * numbers[index]!),
        x.width,
      );
      x.pass(derivative.map((value, index) => numbers[index]! * (value - means[Math.floor(index / x.width)]!)));
    },
  };
}

function logSoftmax(x: Differentiable): Differentiable {
  const shares = softmaxRows(x.numbers, x.width);
  const sums = Array.from({ length: x.numbers.length / x.width }, (_, row) =>
    logSumExp(Array.from(x.numbers.subarray(row * x.width, (row + 1) * x.width))),
  );
  return {
    numbers: x.numbers.map((value, index) => value - sums[Math.floor(index / x.width)]!),
    width: x.width,
    pass(derivative) {
      const totals = rowSums(derivative, x.width);
      x.pass(derivative.map((value, index) => value - shares[index]! * totals[Math.floor(index / x.width)]!));
    },
  };
}

function rowSums(matrix: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(matrix.length / width);
  for (const [index, value] of matrix.entries()) sums[Math.floor(index / width)]! += value;
  return sums;
}
