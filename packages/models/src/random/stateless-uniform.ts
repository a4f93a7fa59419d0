import tf from '@chorus/tfjs';
import { philoxUniform } from './philox.ts';

/** Kernel of packages/runtime: { seed: int32 [2] }, attrs { shape } → float32. */
const kernel = 'ChorusStatelessUniform';

/**
 * Draws numbers in [0, 1) that depend only on the seed, the same on every backend.
 *
 * In a compiled function the seed must be computed from its inputs: the random numbers of tfjs would be drawn only once,
 * while tracing.
 *
 * @param seed [2], int32.
 */
export function statelessUniform(seed: tf.Tensor1D, shape: readonly number[]): tf.Tensor {
  if (tf.getKernel(kernel, tf.getBackend()) !== undefined)
    return tf.engine().runKernel(kernel, { seed }, { shape: [...shape] }) as tf.Tensor;
  const [a, b] = seed.dataSync() as unknown as [number, number];
  const length = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(philoxUniform([a, b], length), [...shape]);
}
