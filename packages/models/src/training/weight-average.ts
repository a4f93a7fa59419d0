import tf from '@chorus/tfjs';

/**
 * Exponential moving averages of weights, as in Keras (`use_ema`): after the first step, they are the weights; after each later one,
 * `average ← momentum · average + (1 − momentum) · weight`.
 */
export class WeightAverage {
  readonly #pairs: readonly { weight: tf.Variable; average: tf.Variable }[];
  readonly #momentum: number;

  /**
   * @param weights to average; the caller keeps ownership.
   * @param momentum share of the average that each step keeps, 0..1.
   */
  constructor(weights: readonly tf.Variable[], momentum: number) {
    this.#pairs = weights.map((weight) => ({
      weight,
      average: tf.tidy(() => tf.variable(tf.zeros(weight.shape), false)),
    }));
    this.#momentum = momentum;
  }

  /** In the order of the weights; assign them to continue an earlier training. */
  get averages(): readonly tf.Variable[] {
    return this.#pairs.map(({ average }) => average);
  }

  /**
   * Includes the current weights in the averages; uses only tensors, so that it can be part of a compiled step.
   *
   * @param step number of the step, starting at 1.
   */
  update(step: tf.Scalar): void {
    tf.tidy(() => {
      const share = tf.sub(1, tf.mul(tf.cast(tf.greater(step, 1), 'float32'), this.#momentum));
      // In this form, the average of a weight that does not change is that weight, without rounding errors.
      for (const { weight, average } of this.#pairs)
        average.assign(tf.add(average, tf.mul(tf.sub(weight, average), share)));
    });
  }

  /** Sets the averages to the current weights. */
  restart(): void {
    for (const { weight, average } of this.#pairs) average.assign(weight);
  }

  /** Exchanges the weights and their averages; a second call restores both, bit for bit. */
  swap(): void {
    for (const { weight, average } of this.#pairs) {
      const value = weight.clone();
      weight.assign(average);
      average.assign(value);
      value.dispose();
    }
  }

  /** Disposes the averages, not the weights. */
  dispose(): void {
    for (const { average } of this.#pairs) average.dispose();
  }
}
