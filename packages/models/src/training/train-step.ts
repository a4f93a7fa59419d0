import * as tf from '@tensorflow/tfjs';
import type { FineTuneView } from '../classifier/fine-tune-view.ts';
import type { Adam, OptimizerStep } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';

/** What a training step takes, with what `Adam.nextStep` gives: tensors alone, which stay the caller's. */
export interface TrainingBatch extends OptimizerStep {
  /** [N, ...cut.shape] */
  activations: tf.Tensor;
  /** [N], int32. */
  labels: tf.Tensor1D;
}

/**
 * One step of gradient descent on one batch; made of tensors alone, so that it can be compiled.
 *
 * @returns the batch's mean loss before the step; the caller disposes.
 */
export function trainStep(
  view: FineTuneView,
  optimizer: Adam,
  { activations, labels, rates, step }: TrainingBatch,
  options: LossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const loss = () => crossEntropy(view.suffix(activations, { training: true, step }), labels, options);
    const { value, gradients } = backpropagate(loss, view.variables);
    optimizer.update(gradients, rates);
    return value;
  });
}
