import tf from '@chorus/tfjs';

/** Weights at one point in time. Takes memory only for weights that have changed since. */
export interface WeightSnapshot {
  /** Restores them, bit for bit; may be called several times. */
  restore(): void;
  dispose(): void;
}

/** Variables are never written in place, so a clone that shares the memory is a valid copy. */
export function takeSnapshot(variables: readonly tf.Variable[]): WeightSnapshot {
  const values = variables.map((variable) => [variable, tf.keep(variable.clone())] as const);
  return {
    restore() {
      for (const [variable, value] of values) variable.assign(value);
    },
    dispose() {
      for (const [, value] of values) value.dispose();
    },
  };
}
