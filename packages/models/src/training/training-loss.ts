import type tf from '@chorus/tfjs';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';
import { type Distillation, distillationLoss } from './distillation-loss.ts';

export interface TrainingLossOptions extends LossOptions {
  /** By default, the loss is the cross-entropy of the labels alone. */
  distillation?: Distillation | undefined;
}

/**
 * The loss of a training step, as the mean over the batch.
 *
 * @param labels as for {@link crossEntropy} or, with `distillation`, the targets of {@link distillationLoss}.
 * @returns a scalar; the caller disposes.
 */
export function trainingLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
  { distillation, ...options }: TrainingLossOptions = {},
): tf.Scalar {
  if (distillation === undefined) return crossEntropy(logits, labels, options);
  return distillationLoss(logits, labels as tf.Tensor2D, distillation, options);
}
