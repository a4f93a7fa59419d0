/**
 * Layers of backbones as functions of a symbolic tensor: `x = conv(x, 64, 3, 'conv1', { strides: 2 })`.
 *
 * Every layer has a name, by which weight files, seeds and cut points identify it. Kernels are zero until weights are drawn
 * or loaded.
 */
import tf from '@chorus/tfjs';
import { BatchNorm } from '../layers/batch-norm.ts';
import { Relu6 } from '../layers/relu6.ts';

/** [N, H, W, C] or [N, C]. */
export type Symbolic = tf.SymbolicTensor;
type Padding = 'same' | 'valid';
/** Side of a square window, or [height, width]. */
export type KernelSize = number | [number, number];
/** [[top, bottom], [left, right]] */
export type BorderWidths = [[number, number], [number, number]];

export function imageInput(inputSize: number): Symbolic {
  return tf.input({ shape: [inputSize, inputSize, 3], name: 'input' });
}

/** A convolution without bias: in backbones, a BatchNorm follows it. */
export function conv(
  x: Symbolic,
  filters: number,
  kernelSize: KernelSize,
  name: string,
  { strides = 1, padding = 'same' }: { strides?: number; padding?: Padding } = {},
): Symbolic {
  const options = { name, filters, kernelSize, strides, padding, useBias: false };
  return call(tf.layers.conv2d({ ...options, kernelInitializer: 'zeros' }), x);
}

/** A depthwise convolution without bias; depth multiplier 1. */
export function depthwiseConv(
  x: Symbolic,
  kernelSize: number,
  name: string,
  { strides = 1, padding = 'same' }: { strides?: number; padding?: Padding } = {},
): Symbolic {
  const options = { name, kernelSize, strides, padding, useBias: false };
  return call(tf.layers.depthwiseConv2d({ ...options, depthwiseInitializer: 'zeros' }), x);
}

/** A filter per channel, then a 1×1 convolution across channels: one layer with two kernels and no bias. */
export function separableConv(x: Symbolic, filters: number, kernelSize: number, name: string): Symbolic {
  const zeros = { depthwiseInitializer: 'zeros', pointwiseInitializer: 'zeros' } as const;
  return call(tf.layers.separableConv2d({ name, filters, kernelSize, padding: 'same', useBias: false, ...zeros }), x);
}

/** Momentum and epsilon default to those of Keras; without `scale` the layer has no gamma. */
export function batchNorm(
  x: Symbolic,
  name: string,
  { momentum = 0.99, epsilon = 1e-3, scale = true }: { momentum?: number; epsilon?: number; scale?: boolean } = {},
): Symbolic {
  return call(new BatchNorm({ name, momentum, epsilon, scale }), x);
}

export function relu(x: Symbolic, name: string): Symbolic {
  return call(tf.layers.reLU({ name }), x);
}

export function relu6(x: Symbolic, name: string): Symbolic {
  return call(new Relu6({ name }), x);
}

export function zeroPad(x: Symbolic, padding: BorderWidths, name: string): Symbolic {
  return call(tf.layers.zeroPadding2d({ name, padding }), x);
}

export function maxPool(
  x: Symbolic,
  poolSize: number,
  name: string,
  { strides, padding = 'valid' }: { strides: number; padding?: Padding },
): Symbolic {
  return call(tf.layers.maxPooling2d({ name, poolSize, strides, padding }), x);
}

/** Replaces each pixel with the mean of the window around it; pixels outside the image do not count. */
export function averagePool(x: Symbolic, poolSize: number, name: string): Symbolic {
  return call(tf.layers.averagePooling2d({ name, poolSize, strides: 1, padding: 'same' }), x);
}

/** Concatenates channels. */
export function concatenate(xs: Symbolic[], name: string): Symbolic {
  return tf.layers.concatenate({ name }).apply(xs) as Symbolic;
}

export function add(xs: Symbolic[], name: string): Symbolic {
  return tf.layers.add({ name }).apply(xs) as Symbolic;
}

// --- internal ---

function call(layer: tf.layers.Layer, x: Symbolic): Symbolic {
  return layer.apply(x) as Symbolic;
}
