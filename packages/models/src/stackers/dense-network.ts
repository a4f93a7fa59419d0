import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { rowLoss } from './row-loss.ts';

/** What one image gives to learn from: the network's inputs, and its class. */
export interface DenseRow {
  input: Float64Array;
  label: number;
}

/** Dense(10, relu) → Dense(outputs) over one flat vector of weights, or of their gradient. */
export class DenseNetwork {
  static readonly hiddenCount = 10;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly weights: Float64Array;
  /** [inputs, hidden], [hidden], [hidden, outputs], [outputs]: views of the weights, in this order. */
  readonly hiddenKernel: Float64Array;
  readonly hiddenBias: Float64Array;
  readonly outputKernel: Float64Array;
  readonly outputBias: Float64Array;
  // Of the row that was last: tens of thousands of rows a fit would make as many arrays.
  readonly #hidden = new Float64Array(DenseNetwork.hiddenCount);
  readonly #hiddenSlopes = new Float64Array(DenseNetwork.hiddenCount);
  readonly #outputs: Float64Array;
  #gradient: DenseNetwork | undefined;

  static weightCount(inputCount: number, outputCount: number): number {
    return (inputCount + 1) * DenseNetwork.hiddenCount + (DenseNetwork.hiddenCount + 1) * outputCount;
  }

  constructor(
    inputCount: number,
    outputCount: number,
    weights = new Float64Array(DenseNetwork.weightCount(inputCount, outputCount)),
  ) {
    const { hiddenCount } = DenseNetwork;
    this.inputCount = inputCount;
    this.outputCount = outputCount;
    this.weights = weights;
    this.#outputs = new Float64Array(outputCount);
    const outputStart = (inputCount + 1) * hiddenCount;
    this.hiddenKernel = weights.subarray(0, inputCount * hiddenCount);
    this.hiddenBias = weights.subarray(inputCount * hiddenCount, outputStart);
    this.outputKernel = weights.subarray(outputStart, outputStart + hiddenCount * outputCount);
    this.outputBias = weights.subarray(outputStart + hiddenCount * outputCount);
  }

  /** [inputs] → [outputs], in the same memory each time. */
  logits(input: Float64Array): Float64Array {
    affine(input, this.hiddenKernel, this.hiddenBias, this.#hidden);
    relu(this.#hidden);
    return affine(this.#hidden, this.outputKernel, this.outputBias, this.#outputs);
  }

  loss({ input, label }: DenseRow, fromLogitsOnSigmoid?: FromLogitsOnSigmoid): number {
    return rowLoss(this.logits(input), label, fromLogitsOnSigmoid).loss;
  }

  /** Of the batch's mean loss, laid out as the weights; in the same memory each time. */
  gradient(batch: readonly DenseRow[], fromLogitsOnSigmoid?: FromLogitsOnSigmoid): Float64Array {
    this.#gradient ??= new DenseNetwork(this.inputCount, this.outputCount);
    const gradient = this.#gradient;
    gradient.weights.fill(0);
    for (const row of batch) this.#addGradient(row, gradient, 1 / batch.length, fromLogitsOnSigmoid);
    return gradient.weights;
  }

  /** Adds `share` × the gradient of one row's loss. */
  #addGradient(
    { input, label }: DenseRow,
    gradient: DenseNetwork,
    share: number,
    fromLogitsOnSigmoid: FromLogitsOnSigmoid | undefined,
  ): void {
    const { slopes } = rowLoss(this.logits(input), label, fromLogitsOnSigmoid);
    const hidden = this.#hidden;
    const hiddenSlopes = this.#hiddenSlopes;
    for (let unit = 0; unit < hidden.length; unit += 1)
      // Where relu gave 0, nothing flows back.
      hiddenSlopes[unit] = hidden[unit]! > 0 ? this.#slopeOf(unit, slopes) : 0;
    addOuterProduct(gradient.outputKernel, gradient.outputBias, hidden, slopes, share);
    addOuterProduct(gradient.hiddenKernel, gradient.hiddenBias, input, hiddenSlopes, share);
  }

  /** How the loss changes with a hidden unit. */
  #slopeOf(unit: number, slopes: Float64Array): number {
    let sum = 0;
    for (let output = 0; output < slopes.length; output += 1)
      sum += slopes[output]! * this.outputKernel[unit * slopes.length + output]!;
    return sum;
  }
}

// --- internal ---

/** [n] × [n, m] + [m], written to the output, which it gives back. */
function affine(input: Float64Array, kernel: Float64Array, bias: Float64Array, output: Float64Array): Float64Array {
  for (let column = 0; column < output.length; column += 1) {
    let sum = bias[column]!;
    for (let row = 0; row < input.length; row += 1) sum += input[row]! * kernel[row * output.length + column]!;
    output[column] = sum;
  }
  return output;
}

/** What a row adds to the gradient of the kernel and bias of {@link affine}. */
function addOuterProduct(
  kernel: Float64Array,
  bias: Float64Array,
  input: Float64Array,
  slopes: Float64Array,
  share: number,
): void {
  for (let column = 0; column < slopes.length; column += 1) {
    const slope = share * slopes[column]!;
    bias[column]! += slope;
    for (let row = 0; row < input.length; row += 1) kernel[row * slopes.length + column]! += slope * input[row]!;
  }
}

function relu(values: Float64Array): void {
  for (let index = 0; index < values.length; index += 1) values[index] = Math.max(0, values[index]!);
}
