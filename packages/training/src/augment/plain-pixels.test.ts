/** Compares the changes of pixels without TensorFlow with those of the training step. */
import { initRuntime } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { augmentPixels } from './augment-pixels.ts';
import { colorPixels } from './color-pixels.ts';
import { movePixels } from './move-pixels.ts';
import { drawParameters, parametersOf } from './parameters.ts';
import { type AugmentationSettings, unchanged } from './settings.ts';

beforeAll(() => void initRuntime({ device: 'cpu:0', intraOpThreads: 1 }));

const [size, imageCount] = [23, 12];
const indices = Uint32Array.from({ length: imageCount }, (_, index) => index);
const images = Uint8Array.from({ length: imageCount * size * size * 3 }, (_, index) => (index * 89) % 251);
const drawn = (changes: Partial<AugmentationSettings>) =>
  drawParameters({ ...unchanged, ...changes }, indices, { seed: 3, epochIndex: 0, size });

/** What the training step makes of the images if only some of the settings are on. */
function inTensorFlow(parameters: Float32Array, changes: Partial<AugmentationSettings>): Float32Array {
  return tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(images), [imageCount, size, size, 3]);
    return augmentPixels(pixels, parametersOf({ parameters })[0]!, { ...unchanged, ...changes }).dataSync<'float32'>();
  });
}

const largestDifference = (one: Float32Array, other: ArrayLike<number>) =>
  one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0);

it.each<[string, Partial<AugmentationSettings>]>([
  ['crops', { cropArea: 0.3, cropRatio: 2 }],
  ['rotations over the edges', { rotation: 180 }],
  ['everything', { cropArea: 0.5, rotation: 45, shear: 40 }],
  ['the operations of a policy', { policy: { kind: 'trivial' } }],
])('moves pixels as the kernel does: %s', (_, changes) => {
  const parameters = drawn(changes);
  const moved = movePixels(images, parameters, size);
  // Coordinates are float32 there: neighbors differ by up to 250 levels.
  expect(largestDifference(moved, inTensorFlow(parameters, { cropArea: 0.5 }))).toBeLessThan(0.05);
  expect(largestDifference(moved, images)).toBeGreaterThan(50);
});

it.each<[string, Partial<AugmentationSettings>]>([
  ['contrast and brightness', { contrast: 0.8, brightness: 0.8 }],
  ['hue, saturation and gray', { hue: 90, saturation: 0.9, gray: 0.4 }],
])('changes colors as the training step does: %s', (_, changes) => {
  const parameters = drawn(changes);
  const colored = Float32Array.from(images);
  colorPixels(colored, parameters, size);
  expect(largestDifference(colored, inTensorFlow(parameters, { brightness: 0.5 }))).toBeLessThan(0.01);
  expect(largestDifference(colored, images)).toBeGreaterThan(50);
});
