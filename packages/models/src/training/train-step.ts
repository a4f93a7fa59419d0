import * as tf from '@tensorflow/tfjs';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import { backpropagate } from './backpropagate.ts';
import { clipByGlobalNorm } from './clip-gradients.ts';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';
import type { Optimizer, OptimizerStep } from './optimizer.ts';
import type { WeightAverage } from './weight-average.ts';

/** Inputs of a training step, together with those of `Optimizer.nextStep`: only tensors; the caller keeps ownership. */
export interface TrainingBatch extends OptimizerStep {
  /** [N, ...cut.shape] */
  activations: tf.Tensor;
  /** [N], int32. */
  labels: tf.Tensor1D;
}

export interface StepOptions extends LossOptions {
  /** Largest global norm of the gradients; by default unlimited. */
  clipNorm?: number | undefined;
  /** Averages to update after the step; the caller keeps ownership. */
  average?: WeightAverage | undefined;
}

/**
 * Runs one step of gradient descent on one batch; uses only tensors, so that it can be compiled.
 *
 * @returns the batch's mean loss before the step; the caller disposes.
 */
export function trainStep(
  view: FineTuneView,
  optimizer: Optimizer,
  { activations, labels, rates, step }: TrainingBatch,
  { clipNorm, average, ...options }: StepOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const loss = () => crossEntropy(view.suffix(activations, { training: true, step }), labels, options);
    const { value, gradients } = backpropagate(loss, view.variables);
    optimizer.update(clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, clipNorm), rates);
    average?.update(step);
    return value;
  });
}
