/**
 * Batch normalization over the channels with the statistics of Keras 3: the variance is biased, and
 * `moving = moving × momentum + batch × (1 − momentum)`.
 */
import tf from '@chorus/tfjs';
import type { LayerCall } from './layer-call.ts';

/** Kernels of packages/runtime; backends without them compute the same values from standard ops. Attrs: { epsilon }. */
const kernels = {
  /** { x [N,H,W,C], gamma [C], beta [C] } → [y, mean [C], biased variance [C], …] */
  byBatch: 'ChorusFusedBatchNorm',
  /** { dy [N,H,W,C], x, gamma, mean, variance [C] } → [dx, dgamma, dbeta] for constant mean and variance. */
  gradientByMoving: 'ChorusFrozenBatchNormGradient',
};

export interface BatchNormOptions {
  name: string;
  /** Weight of the old moving statistics in each update, 0..1. */
  momentum: number;
  epsilon: number;
  /** Whether the layer has a gamma; otherwise the factor is 1. */
  scale: boolean;
}

/** [N,H,W,C] → the same shape. The tfjs layer ignores `trainable` and runs a dozen ops; this one takes its mode per call. */
export class BatchNorm extends tf.layers.Layer {
  static readonly className = 'ChorusBatchNorm';
  readonly #momentum: number;
  readonly #epsilon: number;
  readonly #scale: boolean;
  #gamma: tf.Variable | undefined;
  #beta!: tf.Variable;
  #movingMean!: tf.Variable;
  #movingVariance!: tf.Variable;

  constructor({ name, momentum, epsilon, scale }: BatchNormOptions) {
    super({ name });
    this.#momentum = momentum;
    this.#epsilon = epsilon;
    this.#scale = scale;
  }

  override build(inputShape: tf.Shape): void {
    const shape = [inputShape.at(-1) as number];
    const [zeros, ones] = [tf.initializers.zeros(), tf.initializers.ones()];
    const weight = (name: string, initializer: typeof zeros, trainable: boolean) =>
      this.addWeight(name, shape, 'float32', initializer, undefined, trainable).read() as tf.Variable;
    if (this.#scale) this.#gamma = weight('gamma', ones, true);
    this.#beta = weight('beta', zeros, true);
    this.#movingMean = weight('moving_mean', zeros, false);
    this.#movingVariance = weight('moving_variance', ones, false);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], call: Partial<LayerCall>): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
    const { training = false, statistics = 'moving' } = call;
    if (!training) return tf.tidy(() => this.#normalize(x, this.#factor()));
    if (statistics === 'moving') return tf.tidy(() => this.#normalizeByMoving(x));
    const weight = statistics === 'batch' ? 1 - this.#momentum : statistics.weight;
    return tf.tidy(() => {
      const { y, mean, variance } = this.#normalizeByBatch(x);
      moveTowards(this.#movingMean, mean, weight);
      moveTowards(this.#movingVariance, variance, weight);
      return y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), momentum: this.#momentum, epsilon: this.#epsilon, scale: this.#scale };
  }

  /** Gamma, or ones in its place, which the caller's tidy disposes. */
  #factor(): tf.Tensor1D {
    return (this.#gamma ?? tf.ones(this.#beta.shape)) as tf.Tensor as tf.Tensor1D;
  }

  /** Inference: one fused op on every backend. */
  #normalize(x: tf.Tensor4D, gamma: tf.Tensor1D): tf.Tensor4D {
    return tf.batchNorm4d(
      x,
      this.#movingMean as tf.Tensor as tf.Tensor1D,
      this.#movingVariance as tf.Tensor as tf.Tensor1D,
      this.#beta as tf.Tensor as tf.Tensor1D,
      gamma,
      this.#epsilon,
    );
  }

  /**
   * The same with a custom gradient for constant statistics. The tfjs gradient of batchNorm also differentiates with respect
   * to mean and variance, and a composed one would keep a second copy of the activations.
   */
  #normalizeByMoving(x: tf.Tensor4D): tf.Tensor4D {
    const normalize = tf.customGrad((x, gamma, _beta, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor, gamma as tf.Tensor]);
      return {
        value: this.#normalize(x as tf.Tensor4D, gamma as tf.Tensor1D),
        gradFunc: (dy, saved) => tf.tidy(() => this.#gradients(dy, saved)),
      };
    });
    return normalize(x, this.#factor(), this.#beta) as tf.Tensor4D;
  }

  #gradients(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
    const [x, gamma] = saved as [tf.Tensor, tf.Tensor];
    const [mean, variance] = [this.#movingMean, this.#movingVariance];
    if (hasKernel(kernels.gradientByMoving)) {
      const inputs = { dy, x, gamma, mean, variance };
      return tf.engine().runKernel(kernels.gradientByMoving, inputs, { epsilon: this.#epsilon }) as tf.Tensor[];
    }
    const inverse = tf.rsqrt(tf.add(variance, this.#epsilon));
    const dx = tf.mul(dy, tf.mul(gamma, inverse));
    const dgamma = tf.mul(tf.sum(tf.mul(dy, tf.sub(x, mean)), [0, 1, 2]), inverse);
    return [dx, dgamma, tf.sum(dy, [0, 1, 2])];
  }

  #normalizeByBatch(x: tf.Tensor4D): { y: tf.Tensor4D; mean: tf.Tensor1D; variance: tf.Tensor1D } {
    const [gamma, beta] = [this.#factor(), this.#beta as tf.Tensor as tf.Tensor1D];
    if (hasKernel(kernels.byBatch)) {
      const outputs = tf.engine().runKernel(kernels.byBatch, { x, gamma, beta }, { epsilon: this.#epsilon });
      const [y, mean, variance] = outputs as tf.Tensor[] as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
      return { y, mean, variance };
    }
    const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tf.Tensor1D; variance: tf.Tensor1D };
    return { y: tf.batchNorm4d(x, mean, variance, beta, gamma, this.#epsilon), mean, variance };
  }
}
tf.serialization.registerClass(BatchNorm);

// --- internal ---

function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** moving ← moving + weight × (batch − moving) */
function moveTowards(moving: tf.Variable, batch: tf.Tensor, weight: number | tf.Scalar): void {
  moving.assign(tf.add(moving, tf.mul(tf.sub(batch, moving), weight)));
}
