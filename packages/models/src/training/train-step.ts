import * as tf from '@tensorflow/tfjs';
import type { TrainablePart } from '../classifier/trainable-part.ts';
import type { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';

/**
 * One step of gradient descent on one batch.
 *
 * @param batch activations [N, ...cut.shape] and labels [N] (int32); both stay the caller's.
 * @returns the batch's mean loss before the step.
 */
export function trainStep(
  part: TrainablePart,
  optimizer: Adam,
  batch: { activations: tf.Tensor; labels: tf.Tensor1D },
  options: LossOptions & { learningRate: number },
): number {
  return tf.tidy(() => {
    const loss = () => crossEntropy(part.suffix(batch.activations, { training: true }), batch.labels, options);
    const { value, gradients } = backpropagate(loss, part.variables);
    optimizer.update(part.variables, gradients, options.learningRate);
    // The one place where a step waits for the device.
    return value.dataSync()[0]!;
  });
}
