import tf from '@chorus/tfjs';

/** Whether all numbers of tensors are finite; reads a single number from their device. */
export function areFinite(tensors: readonly tf.Tensor[]): boolean {
  // Zero times an infinite number is NaN, too.
  const sum = tf.tidy(() => tf.addN(tensors.map((tensor) => tf.sum(tf.mul(tensor, 0)))).dataSync()[0]!);
  return sum === 0;
}
