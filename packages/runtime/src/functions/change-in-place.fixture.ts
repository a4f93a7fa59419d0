import tf from '@chorus/tfjs';
import { adam } from '../kernels/adam.ts';

/** Runs an Adam step, which changes weights, m and v. */
export function changeInPlace(weights: tf.Variable, m: tf.Variable, v: tf.Variable, gradient: tf.Tensor): void {
  tf.tidy(() => {
    const [learningRate, beta1Power, beta2Power] = [tf.scalar(0.5), tf.scalar(0.9), tf.scalar(0.999)];
    const inputs = { weights, m, v, gradient, learningRate, beta1Power, beta2Power };
    tf.engine().runKernel(adam, inputs as unknown as tf.NamedTensorMap, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
  });
}
