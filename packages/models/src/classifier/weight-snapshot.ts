import tf from '@chorus/tfjs';

/** Weights at one point in time. Takes memory only for weights that have changed since. */
export interface WeightSnapshot {
  /** In the order of the variables. */
  readonly values: readonly tf.Tensor[];
  /** Restores them, bit for bit; may be called several times. */
  restore(): void;
  /** Sets the weights to the mean of this snapshot and others of the same variables. */
  restoreMeanWith(others: readonly WeightSnapshot[]): void;
  dispose(): void;
}

/**
 * Variables are never written in place, so a clone that shares the memory is a valid copy.
 *
 * @param tensors the values; by default those of the variables now. The caller keeps ownership.
 */
export function takeSnapshot(
  variables: readonly tf.Variable[],
  tensors: readonly tf.Tensor[] = variables,
): WeightSnapshot {
  const values = tensors.map((tensor) => tf.keep(tensor.clone()));
  return {
    values,
    restore() {
      for (const [index, variable] of variables.entries()) variable.assign(values[index]!);
    },
    restoreMeanWith(others) {
      for (const [index, variable] of variables.entries())
        tf.tidy(() => {
          const all = [values[index]!, ...others.map((other) => other.values[index]!)];
          variable.assign(tf.div(tf.addN(all), all.length));
        });
    },
    dispose() {
      for (const value of values) value.dispose();
    },
  };
}
