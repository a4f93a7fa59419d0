/** The update rule of `training/adam.ts` for a plain vector of numbers, which is updated in place. */
export class ScalarAdam {
  readonly #weights: Float64Array;
  readonly #learningRate: number;
  readonly #m: Float64Array;
  readonly #v: Float64Array;
  #stepCount = 0;

  constructor(weights: Float64Array, learningRate: number) {
    this.#weights = weights;
    this.#learningRate = learningRate;
    this.#m = new Float64Array(weights.length);
    this.#v = new Float64Array(weights.length);
  }

  step(gradient: Float64Array): void {
    this.#stepCount += 1;
    const rate = (this.#learningRate * Math.sqrt(1 - 0.999 ** this.#stepCount)) / (1 - 0.9 ** this.#stepCount);
    for (let index = 0; index < gradient.length; index += 1) {
      const slope = gradient[index]!;
      const m = 0.9 * this.#m[index]! + 0.1 * slope;
      const v = 0.999 * this.#v[index]! + 0.001 * slope ** 2;
      this.#m[index] = m;
      this.#v[index] = v;
      this.#weights[index]! -= (rate * m) / (Math.sqrt(v) + 1e-7);
    }
  }
}
