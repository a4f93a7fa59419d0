import { rowLoss } from './row-loss.ts';

/** Dense(10, relu) → Dense(outputs), over one flat vector of weights. */
export class DenseNetwork {
  static readonly hiddenCount = 10;
  readonly weights: Float64Array;
  /** [inputs, hidden], [hidden], [hidden, outputs], [outputs]: views of the weights, in this order. */
  readonly hiddenKernel: Float64Array;
  readonly hiddenBias: Float64Array;
  readonly outputKernel: Float64Array;
  readonly outputBias: Float64Array;

  static weightCount(inputCount: number, outputCount: number): number {
    return (inputCount + 1) * DenseNetwork.hiddenCount + (DenseNetwork.hiddenCount + 1) * outputCount;
  }

  constructor(inputCount: number, outputCount: number, weights: Float64Array) {
    const { hiddenCount } = DenseNetwork;
    this.weights = weights;
    const ends = [inputCount, 1, outputCount].map((rows) => rows * hiddenCount);
    const [first, second, third] = [ends[0]!, ends[0]! + ends[1]!, ends[0]! + ends[1]! + ends[2]!];
    this.hiddenKernel = weights.subarray(0, first);
    this.hiddenBias = weights.subarray(first, second);
    this.outputKernel = weights.subarray(second, third);
    this.outputBias = weights.subarray(third);
  }

  /** [inputs] → [outputs] */
  logits(input: Float64Array): Float64Array {
    return affine(relu(affine(input, this.hiddenKernel, this.hiddenBias)), this.outputKernel, this.outputBias);
  }

  loss(input: Float64Array, label: number): number {
    return rowLoss(this.logits(input), label).loss;
  }

  /** Adds `weight` × the gradient of one row's loss to a vector laid out as the weights. */
  addGradient(input: Float64Array, label: number, gradient: Float64Array, weight: number): void {
    const into = new DenseNetwork(input.length, this.outputBias.length, gradient);
    const hidden = relu(affine(input, this.hiddenKernel, this.hiddenBias));
    const { slopes } = rowLoss(affine(hidden, this.outputKernel, this.outputBias), label);
    const outputCount = slopes.length;
    for (const [output, slope] of slopes.entries()) into.outputBias[output]! += weight * slope;
    for (const [unit, activation] of hidden.entries()) {
      if (activation === 0) continue;
      let slopeOfUnit = 0;
      for (const [output, slope] of slopes.entries()) {
        into.outputKernel[unit * outputCount + output]! += weight * slope * activation;
        slopeOfUnit += slope * this.outputKernel[unit * outputCount + output]!;
      }
      into.hiddenBias[unit]! += weight * slopeOfUnit;
      for (const [index, value] of input.entries())
        into.hiddenKernel[index * hidden.length + unit]! += weight * slopeOfUnit * value;
    }
  }
}

// --- internal ---

/** [n] × [n, m] + [m] */
function affine(input: Float64Array, kernel: Float64Array, bias: Float64Array): Float64Array {
  const output = bias.slice();
  for (const [row, value] of input.entries())
    for (const column of output.keys()) output[column]! += value * kernel[row * output.length + column]!;
  return output;
}

function relu(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(0, value));
}
