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
  /**
   * Factor of the loss of each class, as `class_weight` in Keras: the loss of an image is multiplied by the factor of its class.
   * Sums are still divided by the number of images. By default 1 for each class.
   */
  classWeights?: readonly number[] | undefined;
  /** γ of the focal loss (Lin et al., 2017), which multiplies −log p by (1 − p)^γ; by default 0. */
  focalGamma?: number | undefined;
  /**
   * Numbers to add to the logits of each class before the loss, but not in predictions: logit adjustment (Menon et al., 2021). By
   * default none.
   */
  logitOffsets?: readonly number[] | undefined;
}

/**
 * Computes the cross-entropy from logits, as the mean over the batch.
 *
 * The loss of a mixed label is the sum of the losses of its classes, multiplied by their shares.
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
    if (options.logitOffsets !== undefined) taken = tf.add(taken, offsetsOf(options.logitOffsets, isBinary));
    const isPlain = options.classWeights === undefined && options.focalGamma === undefined;
    if (isBinary && isPlain) return binary(tf.reshape(taken, [-1]), sharesOfClass1(labels), options);
    return categorical(isBinary ? bothLogProbabilities(taken) : tf.logSoftmax(taken), labels, options);
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

/** The logit of class 1 changes by the difference of the offsets. */
function offsetsOf(offsets: readonly number[], isBinary: boolean): tf.Tensor1D {
  return tf.tensor1d(isBinary ? [offsets[1]! - offsets[0]!] : [...offsets]);
}

/** The logit of class 1 [N,1] → log(1 − σ(z)) and log σ(z) [N,2], which are finite for all logits. */
function bothLogProbabilities(logits: tf.Tensor2D): tf.Tensor2D {
  return tf.neg(tf.concat([tf.softplus(logits), tf.softplus(tf.neg(logits))], 1));
}

/** @param logProbabilities [N, classes] */
function categorical(
  logProbabilities: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
  options: LossOptions,
): tf.Scalar {
  const { focalGamma } = options;
  const target = targetOf(labels, logProbabilities.shape[1], options);
  const terms = tf.mul(target, logProbabilities);
  const focused = focalGamma === undefined ? terms : tf.mul(terms, focusOf(logProbabilities, focalGamma));
  return tf.neg(tf.mean(tf.sum(focused, 1)));
}

/** [N, classes]; each row sums to the class weight of its label. */
function targetOf(
  labels: tf.Tensor1D | tf.Tensor2D,
  classCount: number,
  { labelSmoothing = 0, classWeights }: LossOptions,
): tf.Tensor2D {
  const smooth = labelSmoothing / classCount;
  if (classWeights === undefined && labels.rank === 1)
    return tf.oneHot(labels, classCount, 1 - labelSmoothing + smooth, smooth, 'float32') as tf.Tensor2D;
  if (classWeights === undefined) return tf.add(tf.mul(labels, 1 - labelSmoothing), smooth);
  const shares = labels.rank === 1 ? tf.oneHot(labels, classCount, 1, 0, 'float32') : labels;
  const weighted = tf.mul(shares, tf.tensor1d([...classWeights]));
  return tf.add(tf.mul(weighted, 1 - labelSmoothing), tf.mul(tf.sum(weighted, 1, true), smooth));
}

/** (1 − p)^γ, with 1 − p of at least 1e-7, as in Keras: its gradient is finite for any γ. */
function focusOf(logProbabilities: tf.Tensor2D, gamma: number): tf.Tensor2D {
  return tf.pow(tf.clipByValue(tf.sub(1, tf.exp(logProbabilities)), 1e-7, 1), gamma);
}
