/**
 * The layers that backbones are made of, as calls on a symbolic tensor: `x = conv(x, 64, 3, 'conv1', { strides: 2 })`.
 *
 * Every layer has a name, which is what weight files, seeds and cuts go by. Kernels start at zero: whoever builds a
 * model draws or loads its weights next.
 */
import * as tf from '@tensorflow/tfjs';
import { BatchNorm } from '../layers/batch-norm.ts';
import { Relu6 } from '../layers/relu6.ts';

/** One image's [H, W, C] or [C] behind a leading batch dimension. */
export type Symbolic = tf.SymbolicTensor;
type Padding = 'same' | 'valid';
/** [[top, bottom], [left, right]] */
export type BorderWidths = [[number, number], [number, number]];

export function imageInput(inputSize: number): Symbolic {
  return tf.input({ shape: [inputSize, inputSize, 3], name: 'input' });
}

/** Without bias: a BatchNorm follows each convolution here. */
export function conv(
  x: Symbolic,
  filters: number,
  kernelSize: number,
  name: string,
  { strides = 1, padding = 'same' }: { strides?: number; padding?: Padding } = {},
): Symbolic {
  const options = { name, filters, kernelSize, strides, padding, useBias: false };
  return call(tf.layers.conv2d({ ...options, kernelInitializer: 'zeros' }), x);
}

/** Without bias; depth multiplier 1. */
export function depthwiseConv(
  x: Symbolic,
  kernelSize: number,
  name: string,
  { strides = 1, padding = 'same' }: { strides?: number; padding?: Padding } = {},
): Symbolic {
  const options = { name, kernelSize, strides, padding, useBias: false };
  return call(tf.layers.depthwiseConv2d({ ...options, depthwiseInitializer: 'zeros' }), x);
}

/** Momentum and epsilon default to Keras' own. */
export function batchNorm(
  x: Symbolic,
  name: string,
  { momentum = 0.99, epsilon = 1e-3 }: { momentum?: number; epsilon?: number } = {},
): Symbolic {
  return call(new BatchNorm({ name, momentum, epsilon }), x);
}

export function relu6(x: Symbolic, name: string): Symbolic {
  return call(new Relu6({ name }), x);
}

export function zeroPad(x: Symbolic, padding: BorderWidths, name: string): Symbolic {
  return call(tf.layers.zeroPadding2d({ name, padding }), x);
}

export function add(xs: Symbolic[], name: string): Symbolic {
  return tf.layers.add({ name }).apply(xs) as Symbolic;
}

// --- internal ---

function call(layer: tf.layers.Layer, x: Symbolic): Symbolic {
  return layer.apply(x) as Symbolic;
}
