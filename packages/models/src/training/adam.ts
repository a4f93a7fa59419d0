import * as tf from '@tensorflow/tfjs';

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

/**
 * Adam as Keras has it (ResourceApplyAdam): epsilon is added to √v before the bias correction ("epsilon hat"), where
 * tfjs adds it after. Defaults are Keras' own.
 *
 * Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, end of section 2; Loshchilov and Hutter,
 * "Decoupled Weight Decay Regularization", 2019.
 */
export class Adam {
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #weightDecay: number;
  /** Of all variables one behind the other: ten ops on one long vector cost less than ten for each variable. */
  #moments: { m: tf.Variable; v: tf.Variable } | undefined;
  #variables: readonly tf.Variable[] = [];
  #stepCount = 0;

  constructor({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 }: AdamOptions = {}) {
    this.#beta1 = beta1;
    this.#beta2 = beta2;
    this.#epsilon = epsilon;
    this.#weightDecay = weightDecay;
  }

  /**
   * One step.
   *
   * @param variables the same ones, in the same order, in every step.
   * @param gradients by the variables' names, as `tf.variableGrads` gives them; they stay the caller's.
   * @throws Error when a variable has no gradient, or the variables are others than in the first step.
   */
  update(variables: readonly tf.Variable[], gradients: tf.NamedTensorMap, learningRate: number): void {
    const { m, v } = this.#momentsOf(variables);
    this.#stepCount += 1;
    const rate = (learningRate * Math.sqrt(1 - this.#beta2 ** this.#stepCount)) / (1 - this.#beta1 ** this.#stepCount);
    tf.tidy(() => {
      const gradient = tf.concat1d(variables.map((variable) => flat(gradientOf(variable, gradients))));
      m.assign(tf.add(tf.mul(m, this.#beta1), tf.mul(gradient, 1 - this.#beta1)));
      v.assign(tf.add(tf.mul(v, this.#beta2), tf.mul(tf.square(gradient), 1 - this.#beta2)));
      const change = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), this.#epsilon));
      const changes = tf.split(change, sizesOf(variables));
      for (const [index, variable] of variables.entries())
        variable.assign(tf.sub(this.#decayed(variable, learningRate), tf.reshape(changes[index]!, variable.shape)));
    });
  }

  /** Forgets the moments; the variables stay. */
  dispose(): void {
    tf.dispose(this.#moments);
    this.#moments = undefined;
    this.#stepCount = 0;
  }

  #momentsOf(variables: readonly tf.Variable[]): { m: tf.Variable; v: tf.Variable } {
    if (this.#moments === undefined) {
      const length = sizesOf(variables).reduce((sum, size) => sum + size, 0);
      this.#moments = tf.tidy(() => ({
        m: tf.variable(tf.zeros([length]), false),
        v: tf.variable(tf.zeros([length]), false),
      }));
      this.#variables = [...variables];
    }
    const same = (variable: tf.Variable, index: number) => variable === this.#variables[index];
    if (variables.length !== this.#variables.length || !variables.every(same))
      throw new Error('an optimizer of other variables');
    return this.#moments;
  }

  #decayed(variable: tf.Variable, learningRate: number): tf.Tensor {
    if (this.#weightDecay === 0 || variable.rank < 2) return variable;
    return tf.mul(variable, 1 - learningRate * this.#weightDecay);
  }
}

// --- internal ---

function gradientOf({ name }: tf.Variable, gradients: tf.NamedTensorMap): tf.Tensor {
  const gradient = gradients[name];
  if (gradient === undefined) throw new Error(`no gradient for ${name}`);
  return gradient;
}

function flat(tensor: tf.Tensor): tf.Tensor1D {
  return tf.reshape(tensor, [-1]);
}

function sizesOf(variables: readonly tf.Variable[]): number[] {
  return variables.map(({ size }) => size);
}
