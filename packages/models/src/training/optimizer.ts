/** What optimizers have in common. */
import tf from '@chorus/tfjs';

/** What differs from step to step, as tensors, which are inputs of a compiled step. */
export interface OptimizerStep {
  /** The learning rate, and numbers that depend on the optimizer. */
  rates: tf.Tensor1D;
  /** t, starting at 1, int32; seeds the dropout masks. */
  step: tf.Scalar;
}

export interface Optimizer {
  /** Number of steps started so far; set it, and assign the {@link slots}, to continue an earlier training. */
  stepCount: number;
  /** What it keeps for the variables from step to step, such as moments, in a fixed order; owned by the optimizer. */
  readonly slots: readonly tf.Variable[];
  /** Starts the next step; the caller disposes the returned tensors. */
  nextStep(learningRate: number): OptimizerStep;
  /**
   * Updates the variables; uses only tensors, so that it can be part of a compiled step.
   *
   * @param gradients by variable name, as `backpropagate` returns them; the caller keeps ownership.
   * @param rates from {@link nextStep}.
   * @throws Error if a variable has no gradient; nothing is updated then.
   */
  update(gradients: tf.NamedTensorMap, rates: tf.Tensor1D): void;
  /** Disposes what the optimizer keeps, not the variables. */
  dispose(): void;
}

/** Sets an optimizer to its state before its first step. */
export function restartOptimizer(optimizer: Optimizer): void {
  optimizer.stepCount = 0;
  tf.tidy(() => {
    for (const slot of optimizer.slots) slot.assign(tf.zerosLike(slot));
  });
}

/** @throws Error if a variable has no gradient. */
export function gradientOf({ name }: tf.Variable, gradients: tf.NamedTensorMap): tf.Tensor {
  const gradient = gradients[name];
  if (gradient === undefined) throw new Error(`no gradient for ${name}`);
  return gradient;
}

/** The learning rate of each variable; equal scales share a tensor. */
export function scaledRates(learningRate: tf.Scalar, scales: readonly number[]): tf.Scalar[] {
  const rates = new Map([[1, learningRate]]);
  for (const scale of scales) if (!rates.has(scale)) rates.set(scale, tf.mul(learningRate, scale));
  return scales.map((scale) => rates.get(scale)!);
}

/**
 * Multiplies kernels (rank 2 and more) by `1 − learningRate × weightDecay`; biases and BatchNorm's gamma and beta do not decay.
 *
 * @param learningRates per variable.
 */
export function decayKernels(
  variables: readonly tf.Variable[],
  learningRates: readonly tf.Scalar[],
  weightDecay: number,
): void {
  if (weightDecay === 0) return;
  const kept = new Map<tf.Scalar, tf.Tensor>();
  for (const [index, variable] of variables.entries()) {
    if (variable.rank < 2) continue;
    const rate = learningRates[index]!;
    if (!kept.has(rate)) kept.set(rate, tf.sub(1, tf.mul(rate, weightDecay)));
    variable.assign(tf.mul(variable, kept.get(rate)!));
  }
}
