import tf from '@chorus/tfjs';

/**
 * Scales all gradients by one factor so that their global norm, that of all of them as one vector, is at most `maximumNorm`; as
 * `clip_by_global_norm` of TensorFlow and Keras. Uses only tensors, so that it can be part of a compiled step.
 *
 * @param gradients by variable name; the caller keeps ownership.
 * @returns new tensors; the caller disposes.
 */
export function clipByGlobalNorm(gradients: tf.NamedTensorMap, maximumNorm: number): tf.NamedTensorMap {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    const factor = tf.div(maximumNorm, tf.maximum(norm, maximumNorm));
    return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]));
  });
}
