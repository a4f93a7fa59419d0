import * as tf from '@tensorflow/tfjs';

export interface LossOptions {
  /** Share of each label that is spread evenly over the classes, 0 (the default) to below 1. */
  labelSmoothing?: number | undefined;
}

/**
 * Cross-entropy from logits, the mean over the batch.
 *
 * @param logits [N,1]: binary, of class 1; [N,C]: softmax over the classes.
 * @param labels [N], int32, class indices.
 * @returns a scalar; the caller disposes.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, options: LossOptions = {}): tf.Scalar {
  return tf.tidy(() =>
    logits.shape[1] === 1
      ? binary(tf.reshape(logits, [-1]), tf.cast(labels, 'float32'), options)
      : categorical(logits, labels, options),
  );
}

// --- internal ---

/** −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z, which neither overflows nor takes the log of 0. */
function binary(logits: tf.Tensor1D, labels: tf.Tensor1D, { labelSmoothing = 0 }: LossOptions): tf.Scalar {
  const target = tf.add(tf.mul(labels, 1 - labelSmoothing), labelSmoothing / 2);
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(target, logits)));
}

function categorical(logits: tf.Tensor2D, labels: tf.Tensor1D, { labelSmoothing = 0 }: LossOptions): tf.Scalar {
  const classCount = logits.shape[1];
  const smooth = labelSmoothing / classCount;
  const target = tf.oneHot(labels, classCount, 1 - labelSmoothing + smooth, smooth, 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1)));
}
