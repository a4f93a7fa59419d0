import tf from '@chorus/tfjs';

/**
 * What Keras passes to a loss with `from_logits=True` if the model ends in a sigmoid (or softmax). Both values exist to
 * reproduce such code; only `cached-logits` gives the correct cross-entropy:
 * - `cached-logits`: the inputs of the sigmoid, which Keras keeps with its output, so that the loss is correct: tf_keras 2.21
 *   and Keras 3 on TensorFlow, which warn.
 * - `probabilities`: the output of the sigmoid as if it were logits, so that the loss is that of σ(σ(z)) (with more classes,
 *   softmax of softmax) and never reaches 0: TensorFlow 2.1 and 2.2, which do not warn.
 */
export type FromLogitsOnSigmoid = 'cached-logits' | 'probabilities';

export interface LossOptions {
  /** Share of each label that is spread evenly over the classes, in [0, 1); 0 by default. */
  labelSmoothing?: number | undefined;
  /** Omitted, the loss is computed from the logits, as with `cached-logits`. */
  fromLogitsOnSigmoid?: FromLogitsOnSigmoid | undefined;
}

/**
 * Computes the cross-entropy from logits, as the mean over the batch.
 *
 * @param logits [N,1]: binary, of class 1; [N,C]: softmax over the classes.
 * @param labels [N], int32, class indices; or [N, classes], float32, the classes' shares, which sum to 1.
 * @returns a scalar; the caller disposes.
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
  options: LossOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const isBinary = logits.shape[1] === 1;
    let taken = logits;
    if (options.fromLogitsOnSigmoid === 'probabilities') taken = isBinary ? tf.sigmoid(logits) : tf.softmax(logits);
    return isBinary
      ? binary(tf.reshape(taken, [-1]), sharesOfClass1(labels), options)
      : categorical(taken, labels, options);
  });
}

// --- internal ---

function sharesOfClass1(labels: tf.Tensor1D | tf.Tensor2D): tf.Tensor1D {
  if (labels.rank === 1) return tf.cast(labels as tf.Tensor1D, 'float32');
  return tf.reshape(tf.slice(labels, [0, 1], [-1, 1]), [-1]);
}

/** −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z, which neither overflows nor takes log(0). */
function binary(logits: tf.Tensor1D, labels: tf.Tensor1D, { labelSmoothing = 0 }: LossOptions): tf.Scalar {
  const target = tf.add(tf.mul(labels, 1 - labelSmoothing), labelSmoothing / 2);
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(target, logits)));
}

function categorical(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
  { labelSmoothing = 0 }: LossOptions,
): tf.Scalar {
  const classCount = logits.shape[1];
  const smooth = labelSmoothing / classCount;
  const target =
    labels.rank === 1
      ? tf.oneHot(labels, classCount, 1 - labelSmoothing + smooth, smooth, 'float32')
      : tf.add(tf.mul(labels, 1 - labelSmoothing), smooth);
  return tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1)));
}
