import tf from '@chorus/tfjs';
import { gradientOf } from './optimizer.ts';

/** Sums of gradients, which several passes over parts of a batch add up to the gradients of the batch. */
export class GradientSum {
  readonly #entries: readonly { variable: tf.Variable; sum: tf.Variable }[];

  /** @param variables to sum the gradients of; the caller keeps ownership. */
  constructor(variables: readonly tf.Variable[]) {
    this.#entries = variables.map((variable) => ({
      variable,
      sum: tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
    }));
  }

  /**
   * Adds `weight × gradients` to the sums; uses only tensors, so that it can be part of a compiled function.
   *
   * @param gradients by variable name, as `backpropagate` returns them; the caller keeps ownership.
   * @throws Error if a variable has no gradient; nothing is added then.
   */
  add(gradients: tf.NamedTensorMap, weight: tf.Scalar): void {
    const ordered = this.#entries.map(({ variable }) => gradientOf(variable, gradients));
    const addOne = tf.getKernel(fusedAdd, tf.getBackend()) === undefined ? composed : fused;
    tf.tidy(() => {
      for (const [index, { sum }] of this.#entries.entries()) addOne(sum, ordered[index]!, weight);
    });
  }

  /**
   * Passes the sums to `use`, by variable name, and sets them to zero; uses only tensors.
   *
   * @param use must not keep or dispose the tensors.
   */
  take(use: (gradients: tf.NamedTensorMap) => void): void {
    use(Object.fromEntries(this.#entries.map(({ variable, sum }) => [variable.name, sum])));
    tf.tidy(() => {
      for (const { sum } of this.#entries) sum.assign(tf.zerosLike(sum));
    });
  }

  /** Disposes the sums, not the variables. */
  dispose(): void {
    for (const { sum } of this.#entries) sum.dispose();
  }
}

// --- internal ---

/**
 * Kernel of packages/runtime: { variable; tensor; factor: scalar } → no output; adds in place and in float32, also to gradients in
 * bfloat16, which would otherwise be rounded after each addition.
 */
const fusedAdd = 'ChorusAddScaled';

function fused(variable: tf.Variable, tensor: tf.Tensor, factor: tf.Scalar): void {
  tf.engine().runKernel(fusedAdd, { variable, tensor, factor });
}

function composed(variable: tf.Variable, tensor: tf.Tensor, factor: tf.Scalar): void {
  variable.assign(tf.add(variable, tf.mul(tensor, factor)));
}
