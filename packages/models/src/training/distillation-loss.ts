/** The loss of a student that learns from a teacher's probabilities and from the labels (Hinton, Vinyals and Dean, 2015). */
import tf from '@chorus/tfjs';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';

export interface Distillation {
  /** Divides the student's logits; the teacher's probabilities are given at this temperature. At least 1. */
  temperature: number;
  /** Share of the labels' cross-entropy in the loss, 0 to 1; the rest is the divergence from the teacher. */
  labelShare: number;
}

/**
 * Computes `labelShare × crossEntropy + (1 − labelShare) × T² × KL(teacher ‖ student at temperature T)`, as the mean over the batch.
 * The factor T² keeps the size of the gradients, whatever the temperature.
 *
 * @param logits [N, 1]: binary, of class 1; [N, C]: softmax over the classes.
 * @param targets [N, 2 × classes]: the labels' shares of the classes, then the teacher's probabilities at the temperature; both sum to 1.
 * @param options of the labels' cross-entropy.
 * @returns a scalar; the caller disposes.
 */
export function distillationLoss(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  { temperature, labelShare }: Distillation,
  options: LossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const [labels, teacher] = tf.split(targets, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const softened = crossEntropy(tf.div(logits, temperature), teacher);
    const divergence = tf.mul(tf.sub(softened, entropy(teacher)), temperature ** 2);
    if (labelShare === 0) return divergence as tf.Scalar;
    const hard = crossEntropy(logits, labels, options);
    return tf.add(tf.mul(hard, labelShare), tf.mul(divergence, 1 - labelShare)) as tf.Scalar;
  });
}

// --- internal ---

/** Mean entropy of rows of probabilities, with 0 log 0 = 0. */
function entropy(probabilities: tf.Tensor2D): tf.Scalar {
  const logs = tf.log(tf.maximum(probabilities, 1e-30));
  return tf.neg(tf.mean(tf.sum(tf.mul(probabilities, logs), 1)));
}
