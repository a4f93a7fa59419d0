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
    affineToTen(input, this.hiddenKernel, this.hiddenBias, this.#hidden);
    relu(this.#hidden);
    return affineFromTen(this.#hidden, this.outputKernel, this.outputBias, this.#outputs);
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
    productsWithTen(this.outputKernel, slopes, hiddenSlopes);
    // Where relu gave 0, nothing flows back.
    for (let unit = 0; unit < hidden.length; unit += 1) if (hidden[unit] === 0) hiddenSlopes[unit] = 0;
    addOuterProduct(gradient.outputKernel, gradient.outputBias, hidden, scale(slopes, share));
    addOuterProductOfTen(gradient.hiddenKernel, gradient.hiddenBias, input, scale(hiddenSlopes, share));
  }
}

// --- internal ---

/*
 * The hidden layer has ten units, and a fit goes through millions of rows: written out, their sums stay in registers. Each
 * sum has the order of a plain loop's.
 */

type Ten = [number, number, number, number, number, number, number, number, number, number];

/** [10] × [10, m] + [m], written to the output, which it gives back. */
function affineFromTen(input: Float64Array, kernel: Float64Array, bias: Float64Array, output: Float64Array) {
  const [a, b, c, d, e, f, g, h, i, j] = input as unknown as Ten;
  const count = output.length;
  for (let column = 0; column < count; column += 1) {
    let sum = bias[column]!;
    sum += a * kernel[column]!;
    sum += b * kernel[column + count]!;
    sum += c * kernel[column + 2 * count]!;
    sum += d * kernel[column + 3 * count]!;
    sum += e * kernel[column + 4 * count]!;
    sum += f * kernel[column + 5 * count]!;
    sum += g * kernel[column + 6 * count]!;
    sum += h * kernel[column + 7 * count]!;
    sum += i * kernel[column + 8 * count]!;
    sum += j * kernel[column + 9 * count]!;
    output[column] = sum;
  }
  return output;
}

/** [n] × [n, 10] + [10], written to the output. */
function affineToTen(input: Float64Array, kernel: Float64Array, bias: Float64Array, output: Float64Array): void {
  let [a, b, c, d, e, f, g, h, i, j] = bias as unknown as Ten;
  for (let row = 0, at = 0; row < input.length; row += 1, at += 10) {
    const factor = input[row]!;
    a += factor * kernel[at]!;
    b += factor * kernel[at + 1]!;
    c += factor * kernel[at + 2]!;
    d += factor * kernel[at + 3]!;
    e += factor * kernel[at + 4]!;
    f += factor * kernel[at + 5]!;
    g += factor * kernel[at + 6]!;
    h += factor * kernel[at + 7]!;
    i += factor * kernel[at + 8]!;
    j += factor * kernel[at + 9]!;
  }
  setTen(output, [a, b, c, d, e, f, g, h, i, j]);
}

function setTen(output: Float64Array, values: Ten): void {
  for (let index = 0; index < 10; index += 1) output[index] = values[index]!;
}

/** [10, m] × [m] → [10] */
function productsWithTen(kernel: Float64Array, factors: Float64Array, output: Float64Array): void {
  const count = factors.length;
  let [a, b, c, d, e, f, g, h, i, j] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let column = 0; column < count; column += 1) {
    const factor = factors[column]!;
    a += factor * kernel[column]!;
    b += factor * kernel[column + count]!;
    c += factor * kernel[column + 2 * count]!;
    d += factor * kernel[column + 3 * count]!;
    e += factor * kernel[column + 4 * count]!;
    f += factor * kernel[column + 5 * count]!;
    g += factor * kernel[column + 6 * count]!;
    h += factor * kernel[column + 7 * count]!;
    i += factor * kernel[column + 8 * count]!;
    j += factor * kernel[column + 9 * count]!;
  }
  setTen(output, [a, b, c, d, e, f, g, h, i, j]);
}

/** What a row of slopes adds to the gradient of a kernel and bias. */
function addOuterProduct(kernel: Float64Array, bias: Float64Array, input: Float64Array, slopes: Float64Array): void {
  for (let column = 0; column < slopes.length; column += 1) bias[column]! += slopes[column]!;
  for (let row = 0, at = 0; row < input.length; row += 1) {
    const factor = input[row]!;
    // Half of the inputs, which relu made, are 0.
    if (factor === 0) at += slopes.length;
    else for (let column = 0; column < slopes.length; column += 1, at += 1) kernel[at]! += slopes[column]! * factor;
  }
}

/** {@link addOuterProduct} with ten slopes. */
function addOuterProductOfTen(
  kernel: Float64Array,
  bias: Float64Array,
  input: Float64Array,
  slopes: Float64Array,
): void {
  for (let column = 0; column < 10; column += 1) bias[column]! += slopes[column]!;
  const [a, b, c, d, e, f, g, h, i, j] = slopes as unknown as Ten;
  for (let row = 0, at = 0; row < input.length; row += 1, at += 10) {
    const factor = input[row]!;
    kernel[at]! += a * factor;
    kernel[at + 1]! += b * factor;
    kernel[at + 2]! += c * factor;
    kernel[at + 3]! += d * factor;
    kernel[at + 4]! += e * factor;
    kernel[at + 5]! += f * factor;
    kernel[at + 6]! += g * factor;
    kernel[at + 7]! += h * factor;
    kernel[at + 8]! += i * factor;
    kernel[at + 9]! += j * factor;
  }
}

/** Multiplies numbers in place. */
function scale(values: Float64Array, factor: number): Float64Array {
  for (let index = 0; index < values.length; index += 1) values[index]! *= factor;
  return values;
}

function relu(values: Float64Array): void {
  for (let index = 0; index < values.length; index += 1) values[index] = Math.max(0, values[index]!);
}
