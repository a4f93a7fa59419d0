import tf from '@chorus/tfjs';
import { decayKernels, gradientOf, type Optimizer, type OptimizerStep, scaledRates } from './optimizer.ts';

export interface SgdOptions {
  /** Share of the last change that each change keeps, in [0, 1); 0 by default. */
  momentum?: number;
  /** Whether the gradient counts as if it were computed after the momentum's change (Nesterov); off by default. */
  nesterov?: boolean;
  /** Decoupled weight decay of the kernels, as in `Adam`. */
  weightDecay?: number;
  /** Factor of the learning rate, per variable; 1 by default. */
  rateScales?: readonly number[];
}

/**
 * Stochastic gradient descent with momentum as in Keras: the velocity contains the learning rate, `v ← momentum · v − rate · g`, so
 * that a schedule affects only later gradients. In PyTorch it does not, which differs once the rate changes.
 */
export class Sgd implements Optimizer {
  readonly #entries: readonly Entry[];
  readonly #rule: { momentum: number; nesterov: boolean };
  readonly #weightDecay: number;
  readonly #rateScales: readonly number[];
  stepCount = 0;

  /** @param variables to update; the caller keeps ownership. */
  constructor(
    variables: readonly tf.Variable[],
    { momentum = 0, nesterov = false, weightDecay = 0, rateScales = [] }: SgdOptions = {},
  ) {
    this.#entries = variables.map((weights) => ({
      weights,
      velocity: tf.tidy(() => tf.variable(tf.zeros(weights.shape), false)),
    }));
    this.#rule = { momentum, nesterov };
    this.#weightDecay = weightDecay;
    this.#rateScales = variables.map((_, index) => rateScales[index] ?? 1);
  }

  /** The velocities. */
  get slots(): readonly tf.Variable[] {
    return this.#entries.map(({ velocity }) => velocity);
  }

  nextStep(learningRate: number): OptimizerStep {
    this.stepCount += 1;
    return { rates: tf.tensor1d([learningRate]), step: tf.scalar(this.stepCount, 'int32') };
  }

  update(gradients: tf.NamedTensorMap, rates: tf.Tensor1D): void {
    const ordered = this.#entries.map(({ weights }) => gradientOf(weights, gradients));
    const updateOne = tf.getKernel(fusedMomentum, tf.getBackend()) === undefined ? composed : fused;
    tf.tidy(() => {
      const [learningRate] = tf.unstack(rates) as [tf.Scalar];
      const learningRates = scaledRates(learningRate, this.#rateScales);
      decayKernels(
        this.#entries.map(({ weights }) => weights),
        learningRates,
        this.#weightDecay,
      );
      for (const [index, entry] of this.#entries.entries())
        updateOne(entry, ordered[index]!, learningRates[index]!, this.#rule);
    });
  }

  /** Disposes the velocities, not the variables. */
  dispose(): void {
    for (const { velocity } of this.#entries) velocity.dispose();
  }
}

// --- internal ---

interface Entry {
  weights: tf.Variable;
  velocity: tf.Variable;
}

interface Rule {
  momentum: number;
  nesterov: boolean;
}

/**
 * Kernel of packages/runtime: { weights, velocity: variables; gradient; learningRate: scalar }, attrs { momentum, nesterov } → no
 * output; updates the variables in place.
 */
const fusedMomentum = 'ChorusMomentum';

function fused(entry: Entry, gradient: tf.Tensor, learningRate: tf.Scalar, rule: Rule): void {
  tf.engine().runKernel(fusedMomentum, { ...entry, gradient, learningRate }, { ...rule });
}

function composed({ weights, velocity }: Entry, gradient: tf.Tensor, learningRate: tf.Scalar, rule: Rule): void {
  const change = tf.mul(gradient, learningRate);
  velocity.assign(tf.sub(tf.mul(velocity, rule.momentum), change));
  weights.assign(tf.add(weights, rule.nesterov ? tf.sub(tf.mul(velocity, rule.momentum), change) : velocity));
}
