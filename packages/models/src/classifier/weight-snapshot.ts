import * as tf from '@tensorflow/tfjs';

/** Weights as they once were. Costs memory only where they have changed since. */
export interface WeightSnapshot {
  /** Puts them back, bit for bit; may be called again. */
  restore(): void;
  dispose(): void;
}

/** A variable's value is never written in place, so a clone that shares its memory is a copy. */
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
