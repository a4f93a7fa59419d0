/** Gaussian blur, each image by its own standard deviation. */
import tf from '@chorus/tfjs';
import { columns } from './columns.ts';
import { between, type Draws } from './draws.ts';
import type { AugmentationSettings } from './settings.ts';

/** Standard deviations in pixels, as in torchvision's GaussianBlur. */
const [least, most] = [0.1, 2];
/** Neighbors on each side of a pixel. */
const radius = (columns.blur.length - 1) / 2;

/** Draws a standard deviation in pixels; 0: no blur. */
export function drawBlur({ blur }: Pick<AugmentationSettings, 'blur'>, draws: Draws): number {
  return draws.blur < blur ? between(least, most, draws.blurRadius) : 0;
}

/** Weights of a pixel's neighbors in a row or column, which sum to 1. */
export function blurWeights(sigma: number): number[] {
  const weights = Array.from({ length: 2 * radius + 1 }, (_, index) => {
    if (sigma === 0) return index === radius ? 1 : 0;
    return Math.exp(-0.5 * ((index - radius) / sigma) ** 2);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Blurs images; uses only tensors, so that it can be compiled.
 *
 * @param images [N, H, W, 3], reflected at the edges.
 * @param weights [N, 9]
 */
export function blurImages(images: tf.Tensor4D, weights: tf.Tensor2D): tf.Tensor4D {
  return tf.tidy(() => {
    const [count, height, width, channels] = images.shape;
    // A depthwise convolution has a kernel per channel: the images become channels of a single one.
    const joined = tf.reshape(tf.transpose(images, [1, 2, 0, 3]), [1, height, width, count * channels]) as tf.Tensor4D;
    const sides: [number, number] = [radius, radius];
    const padded = tf.mirrorPad(joined, [[0, 0], sides, sides, [0, 0]], 'reflect');
    const taps = tf.tile(tf.expandDims(tf.transpose(weights), 2), [1, 1, channels]);
    const length = 2 * radius + 1;
    const down = tf.reshape(taps, [length, 1, count * channels, 1]) as tf.Tensor4D;
    const across = tf.reshape(taps, [1, length, count * channels, 1]) as tf.Tensor4D;
    const blurred = tf.depthwiseConv2d(tf.depthwiseConv2d(padded, down, 1, 'valid'), across, 1, 'valid');
    return tf.transpose(tf.reshape(blurred, [height, width, count, channels]), [2, 0, 1, 3]) as tf.Tensor4D;
  });
}
