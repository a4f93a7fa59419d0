import * as tf from '@tensorflow/tfjs';
import { type AdamRule, FusedUpdate, GroupedUpdate, hasFusedAdam, type MomentUpdate } from './adam-moments.ts';

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /**
   * Decoupled weight decay (AdamW): each step first multiplies kernels (rank 2 and more) by
   * `1 − learningRate × weightDecay`; biases and BatchNorm's gamma and beta do not decay.
   */
  weightDecay?: number;
}

/** What differs from step to step, as tensors, which are inputs of a compiled step. */
export interface OptimizerStep {
  /** [learningRate, β₁ᵗ, β₂ᵗ] */
  rates: tf.Tensor1D;
  /** t, starting at 1, int32; seeds the dropout masks. */
  step: tf.Scalar;
}

/**
 * Adam as in Keras (ResourceApplyAdam): epsilon is added to √v before the bias correction ("epsilon hat"); tfjs adds it after.
 * The defaults are those of Keras.
 *
 * Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, end of section 2; Loshchilov and Hutter,
 * "Decoupled Weight Decay Regularization", 2019.
 */
export class Adam {
  readonly #variables: readonly tf.Variable[];
  readonly #rule: AdamRule;
  readonly #weightDecay: number;
  readonly #update: MomentUpdate;
  #stepCount = 0;

  /** @param variables to update; the caller keeps ownership. */
  constructor(
    variables: readonly tf.Variable[],
    { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 }: AdamOptions = {},
  ) {
    this.#variables = [...variables];
    this.#rule = { beta1, beta2, epsilon };
    this.#weightDecay = weightDecay;
    this.#update = hasFusedAdam() ? new FusedUpdate(variables) : new GroupedUpdate(variables);
  }

  /** Starts the next step; the caller disposes the returned tensors. */
  nextStep(learningRate: number): OptimizerStep {
    this.#stepCount += 1;
    const { beta1, beta2 } = this.#rule;
    return {
      rates: tf.tensor1d([learningRate, beta1 ** this.#stepCount, beta2 ** this.#stepCount]),
      step: tf.scalar(this.#stepCount, 'int32'),
    };
  }

  /**
   * Updates the variables; uses only tensors, so that it can be part of a compiled step.
   *
   * @param gradients by variable name, as `backpropagate` returns them; the caller keeps ownership.
   * @param rates from {@link nextStep}.
   * @throws Error if a variable has no gradient; nothing is updated then.
   */
  update(gradients: tf.NamedTensorMap, rates: tf.Tensor1D): void {
    const ordered = this.#variables.map((variable) => gradientOf(variable, gradients));
    tf.tidy(() => {
      const [learningRate, beta1Power, beta2Power] = tf.unstack(rates) as [tf.Scalar, tf.Scalar, tf.Scalar];
      this.#decay(learningRate);
      this.#update.apply(ordered, { learningRate, beta1Power, beta2Power }, this.#rule);
    });
  }

  /** Disposes the moments, not the variables. */
  dispose(): void {
    this.#update.dispose();
  }

  #decay(learningRate: tf.Scalar): void {
    if (this.#weightDecay === 0) return;
    const kept = tf.sub(1, tf.mul(learningRate, this.#weightDecay));
    for (const variable of this.#variables) if (variable.rank >= 2) variable.assign(tf.mul(variable, kept));
  }
}

// --- internal ---

function gradientOf({ name }: tf.Variable, gradients: tf.NamedTensorMap): tf.Tensor {
  const gradient = gradients[name];
  if (gradient === undefined) throw new Error(`no gradient for ${name}`);
  return gradient;
}
