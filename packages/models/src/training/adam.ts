import * as tf from '@tensorflow/tfjs';
import { type AdamRule, FusedUpdate, GroupedUpdate, hasFusedAdam, type MomentUpdate } from './adam-moments.ts';

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /**
   * Decoupled (AdamW): each step first shrinks kernels (rank 2 and more) by `learningRate × weightDecay`; biases and
   * BatchNorm's gamma and beta are left alone.
   */
  weightDecay?: number;
}

/** What differs from step to step, as tensors: a compiled step takes it with its batch. */
export interface OptimizerStep {
  /** [learningRate, β₁ᵗ, β₂ᵗ] */
  rates: tf.Tensor1D;
  /** t, from 1, int32; dropout draws by it. */
  step: tf.Scalar;
}

/**
 * Adam as Keras has it (ResourceApplyAdam): epsilon is added to √v before the bias correction ("epsilon hat"), where
 * tfjs adds it after. Defaults are Keras' own.
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

  /** @param variables what it changes; they stay the caller's. */
  constructor(
    variables: readonly tf.Variable[],
    { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 }: AdamOptions = {},
  ) {
    this.#variables = [...variables];
    this.#rule = { beta1, beta2, epsilon };
    this.#weightDecay = weightDecay;
    this.#update = hasFusedAdam() ? new FusedUpdate(variables) : new GroupedUpdate(variables);
  }

  /** Begins the next step; the caller disposes what belongs to it. */
  nextStep(learningRate: number): OptimizerStep {
    this.#stepCount += 1;
    const { beta1, beta2 } = this.#rule;
    return {
      rates: tf.tensor1d([learningRate, beta1 ** this.#stepCount, beta2 ** this.#stepCount]),
      step: tf.scalar(this.#stepCount, 'int32'),
    };
  }

  /**
   * Changes the variables; made of tensors alone, so that it can be part of a compiled step.
   *
   * @param gradients by the variables' names, as `backpropagate` gives them; they stay the caller's.
   * @param rates of {@link nextStep}.
   * @throws Error when a variable has no gradient; nothing has changed then.
   */
  update(gradients: tf.NamedTensorMap, rates: tf.Tensor1D): void {
    const ordered = this.#variables.map((variable) => gradientOf(variable, gradients));
    tf.tidy(() => {
      const [learningRate, beta1Power, beta2Power] = tf.unstack(rates) as [tf.Scalar, tf.Scalar, tf.Scalar];
      this.#decay(learningRate);
      this.#update.apply(ordered, { learningRate, beta1Power, beta2Power }, this.#rule);
    });
  }

  /** Forgets the moments; the variables stay. */
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
