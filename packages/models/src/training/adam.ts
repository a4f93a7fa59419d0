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
  #groups: readonly Group[] = [];
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
    this.#begin(variables);
    // All of them, before anything changes.
    const gradientsOf = new Map(variables.map((variable) => [variable, gradientOf(variable, gradients)]));
    this.#stepCount += 1;
    const [share1, share2] = [1 - this.#beta1, 1 - this.#beta2];
    const unbiased = Math.sqrt(1 - this.#beta2 ** this.#stepCount) / (1 - this.#beta1 ** this.#stepCount);
    const rate = (learningRate * unbiased * share1) / Math.sqrt(share2);
    const epsilon = this.#epsilon / Math.sqrt(share2);
    for (const group of this.#groups)
      tf.tidy(() => {
        const { m, v } = group;
        const gradient = tf.concat1d(group.variables.map((variable) => flat(gradientsOf.get(variable)!)));
        m.assign(tf.add(tf.mul(m, this.#beta1), gradient));
        v.assign(tf.add(tf.mul(v, this.#beta2), tf.square(gradient)));
        const change = tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), rate);
        const changes = tf.split(change, sizesOf(group.variables));
        for (const [index, variable] of group.variables.entries())
          variable.assign(tf.sub(this.#decayed(variable, learningRate), tf.reshape(changes[index]!, variable.shape)));
      });
  }

  /** Forgets the moments; the variables stay. */
  dispose(): void {
    for (const { m, v } of this.#groups) tf.dispose([m, v]);
    this.#groups = [];
    this.#variables = [];
    this.#stepCount = 0;
  }

  #begin(variables: readonly tf.Variable[]): void {
    if (this.#variables.length === 0) {
      this.#groups = groupsOf(variables);
      this.#variables = [...variables];
    }
    const same = (variable: tf.Variable, index: number) => variable === this.#variables[index];
    if (variables.length !== this.#variables.length || !variables.every(same))
      throw new Error('an optimizer of other variables');
  }

  #decayed(variable: tf.Variable, learningRate: number): tf.Tensor {
    if (this.#weightDecay === 0 || variable.rank < 2) return variable;
    return tf.mul(variable, 1 - learningRate * this.#weightDecay);
  }
}

// --- internal ---

/** Variables one behind the other: ten ops on a long vector cost less than ten for each variable. */
interface Group {
  variables: readonly tf.Variable[];
  /** Moments without their factors 1 − β, which go into rate and epsilon: that saves two passes. */
  m: tf.Variable;
  v: tf.Variable;
}

/**
 * Longer ones are no faster, and each of the ten ops makes a vector as long: with all 22 million weights of InceptionV3 in
 * one, a run peaks at 1.8 GB, not 1.1.
 */
const maximumGroupLength = 2 ** 20;

function groupsOf(variables: readonly tf.Variable[]): Group[] {
  const groups: tf.Variable[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const variable of variables) {
    length += variable.size;
    if (length > maximumGroupLength) {
      groups.push([]);
      length = variable.size;
    }
    groups.at(-1)!.push(variable);
  }
  return groups.map((group) => {
    const total = sizesOf(group).reduce((sum, size) => sum + size, 0);
    const moment = () => tf.tidy(() => tf.variable(tf.zeros([total]), false));
    return { variables: group, m: moment(), v: moment() };
  });
}

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
