import tf from '@chorus/tfjs';
import { type AdamRule, FusedUpdate, GroupedUpdate, hasFusedAdam, type MomentUpdate } from './adam-moments.ts';
import { decayKernels, gradientOf, type Optimizer, type OptimizerStep, scaledRates } from './optimizer.ts';

export interface AdamOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /**
   * Decoupled weight decay (AdamW): each step first multiplies kernels (rank 2 and more) by
   * `1 − learningRate × weightDecay`; biases and BatchNorm's gamma and beta do not decay.
   */
  weightDecay?: number;
  /** Factor of the learning rate, per variable; 1 by default. */
  rateScales?: readonly number[];
}

/**
 * Adam as in Keras (ResourceApplyAdam): epsilon is added to √v before the bias correction ("epsilon hat"); tfjs adds it after.
 * The defaults are those of Keras.
 *
 * Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, end of section 2; Loshchilov and Hutter,
 * "Decoupled Weight Decay Regularization", 2019.
 */
export class Adam implements Optimizer {
  readonly #variables: readonly tf.Variable[];
  readonly #rule: AdamRule;
  readonly #weightDecay: number;
  readonly #rateScales: readonly number[];
  readonly #update: MomentUpdate;
  stepCount = 0;

  /** @param variables to update; the caller keeps ownership. */
  constructor(
    variables: readonly tf.Variable[],
    { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0, rateScales = [] }: AdamOptions = {},
  ) {
    this.#variables = [...variables];
    this.#rule = { beta1, beta2, epsilon };
    this.#weightDecay = weightDecay;
    this.#rateScales = variables.map((_, index) => rateScales[index] ?? 1);
    this.#update = hasFusedAdam() ? new FusedUpdate(variables) : new GroupedUpdate(variables, this.#rateScales);
  }

  /** The moments; how they are laid out depends on whether the backend updates them by one fused op. */
  get slots(): readonly tf.Variable[] {
    return this.#update.moments;
  }

  nextStep(learningRate: number): OptimizerStep {
    this.stepCount += 1;
    const { beta1, beta2 } = this.#rule;
    return {
      rates: tf.tensor1d([learningRate, beta1 ** this.stepCount, beta2 ** this.stepCount]),
      step: tf.scalar(this.stepCount, 'int32'),
    };
  }

  update(gradients: tf.NamedTensorMap, rates: tf.Tensor1D): void {
    const ordered = this.#variables.map((variable) => gradientOf(variable, gradients));
    tf.tidy(() => {
      const [learningRate, beta1Power, beta2Power] = tf.unstack(rates) as [tf.Scalar, tf.Scalar, tf.Scalar];
      const learningRates = scaledRates(learningRate, this.#rateScales);
      decayKernels(this.#variables, learningRates, this.#weightDecay);
      this.#update.apply(ordered, { learningRates, beta1Power, beta2Power }, this.#rule);
    });
  }

  /** Disposes the moments, not the variables. */
  dispose(): void {
    this.#update.dispose();
  }
}
