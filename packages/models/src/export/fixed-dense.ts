import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import type { Activation } from './activation.ts';

/**
 * A dense layer with known weights over the last dimension: x [N, …, n] → [N, …, m].
 *
 * @param kernel n rows of m.
 */
export function fixedDense(
  x: Symbolic,
  name: string,
  {
    kernel,
    bias,
    activation = 'linear',
  }: { kernel: readonly (readonly number[])[]; bias?: readonly number[]; activation?: Activation },
): Symbolic {
  const units = kernel[0]!.length;
  const layer = tf.layers.dense({
    name,
    units,
    activation,
    useBias: bias !== undefined,
    kernelInitializer: 'zeros',
  });
  const output = layer.apply(x) as Symbolic;
  tf.tidy(() => {
    const tensors = [tf.tensor2d(kernel.flat(), [kernel.length, units])];
    layer.setWeights(bias === undefined ? tensors : [...tensors, tf.tensor1d([...bias])]);
  });
  return output;
}

/** Permutes the last dimension, exactly: output i is input `order[i]`. */
export function reorder(x: Symbolic, name: string, order: readonly number[]): Symbolic {
  const kernel = order.map((_, row) => order.map((from) => Number(from === row)));
  return fixedDense(x, name, { kernel });
}
