import type { FromLogitsOnSigmoid } from '../training/cross-entropy.ts';
import { createDenseKernel, type DenseKernel } from './dense-kernel.ts';
import { rowLoss } from './row-loss.ts';

/** One training row: the network's inputs for an image, its class, and the weight of its loss, by default 1. */
export interface DenseRow {
  input: Float64Array;
  label: number;
  weight?: number;
}

/**
 * Dense(10, relu) → Dense(outputs) with one contiguous vector of weights: hidden kernel [inputs, 10], hidden bias [10], output
 * kernel [10, outputs], output bias [outputs]. All arrays are views of the WebAssembly memory.
 */
export class DenseNetwork {
  static readonly hiddenCount = 10;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly weights: Float64Array;
  readonly #kernel: DenseKernel = createDenseKernel();
  readonly #gradient: Float64Array;
  readonly #input: Float64Array;
  readonly #hidden: Float64Array;
  readonly #outputs: Float64Array;
  readonly #slopes: Float64Array;
  #batchLoss = 0;

  static weightCount(inputCount: number, outputCount: number): number {
    return (inputCount + 1) * DenseNetwork.hiddenCount + (DenseNetwork.hiddenCount + 1) * outputCount;
  }

  constructor(inputCount: number, outputCount: number, weights?: ArrayLike<number>) {
    this.inputCount = inputCount;
    this.outputCount = outputCount;
    const weightCount = DenseNetwork.weightCount(inputCount, outputCount);
    const lengths = [weightCount, weightCount, inputCount, DenseNetwork.hiddenCount, outputCount, outputCount];
    const views = allocate(this.#kernel, lengths);
    [this.weights, this.#gradient, this.#input, this.#hidden, this.#outputs, this.#slopes] = views as Views;
    if (weights !== undefined) this.weights.set(weights);
  }

  /** [inputs, hidden], a view of the weights. */
  get hiddenKernel(): Float64Array {
    return this.weights.subarray(0, this.inputCount * DenseNetwork.hiddenCount);
  }

  /** [hidden], a view of the weights. */
  get hiddenBias(): Float64Array {
    const start = this.inputCount * DenseNetwork.hiddenCount;
    return this.weights.subarray(start, start + DenseNetwork.hiddenCount);
  }

  /** [hidden, outputs], a view of the weights. */
  get outputKernel(): Float64Array {
    const start = (this.inputCount + 1) * DenseNetwork.hiddenCount;
    return this.weights.subarray(start, start + DenseNetwork.hiddenCount * this.outputCount);
  }

  /** [outputs], a view of the weights. */
  get outputBias(): Float64Array {
    return this.weights.subarray(this.weights.length - this.outputCount);
  }

  /** [inputs] → [outputs]. Each call overwrites the previous result. */
  logits(input: Float64Array): Float64Array {
    this.#input.set(input);
    this.#kernel.forward(
      this.#input.byteOffset,
      this.inputCount,
      this.weights.byteOffset,
      this.#hidden.byteOffset,
      this.#outputs.byteOffset,
      this.outputCount,
    );
    return this.#outputs;
  }

  loss({ input, label, weight = 1 }: DenseRow, fromLogitsOnSigmoid?: FromLogitsOnSigmoid): number {
    return weight * rowLoss(this.logits(input), label, fromLogitsOnSigmoid).loss;
  }

  /** The sum of the losses of the rows of the last {@link gradient}. */
  get batchLoss(): number {
    return this.#batchLoss;
  }

  /** Gradient of the batch's loss, the sum over its rows divided by their number, in the layout of the weights. Each call overwrites the previous result. */
  gradient(batch: readonly DenseRow[], fromLogitsOnSigmoid?: FromLogitsOnSigmoid): Float64Array {
    this.#gradient.fill(0);
    this.#batchLoss = 0;
    for (const { input, label, weight = 1 } of batch) {
      const { loss, slopes } = rowLoss(this.logits(input), label, fromLogitsOnSigmoid);
      this.#batchLoss += weight * loss;
      this.#slopes.set(slopes);
      this.#kernel.addGradient(
        this.#input.byteOffset,
        this.inputCount,
        this.weights.byteOffset,
        this.#hidden.byteOffset,
        this.#slopes.byteOffset,
        this.outputCount,
        this.#gradient.byteOffset,
        weight / batch.length,
      );
    }
    return this.#gradient;
  }
}

// --- internal ---

type Views = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

const pageBytes = 2 ** 16;

/** Allocates zeroed arrays in the kernel's memory, aligned to 16 bytes. */
function allocate(kernel: DenseKernel, lengths: readonly number[]): Float64Array[] {
  const starts: number[] = [];
  let end = Math.ceil(kernel.heapStart.value / 16) * 16;
  for (const length of lengths) {
    starts.push(end);
    end += Math.ceil(length / 2) * 16;
  }
  const missing = end - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
  return lengths.map((length, index) => new Float64Array(kernel.memory.buffer, starts[index]!, length));
}
