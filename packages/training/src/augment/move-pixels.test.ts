import { initRuntime } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { augmentPixels } from './augment-pixels.ts';
import { movePixels } from './move-pixels.ts';
import { drawParameters, parametersOf } from './parameters.ts';
import { unchanged } from './settings.ts';

beforeAll(() => void initRuntime({ device: 'cpu:0', intraOpThreads: 1 }));

it.each([
  ['crops', { cropArea: 0.3, cropRatio: 2 }],
  ['rotations over the edges', { rotation: 180 }],
  ['everything', { cropArea: 0.5, rotation: 45, shear: 40 }],
  ['the operations of a policy', { policy: { kind: 'trivial' } }],
] as const)('equals the kernel of the training step: %s', (_, changes) => {
  const [size, imageCount] = [23, 12];
  const settings = { ...unchanged, ...changes };
  const indices = Uint32Array.from({ length: imageCount }, (_, index) => index);
  const parameters = drawParameters(settings, indices, { seed: 3, epochIndex: 0, size });
  const images = Uint8Array.from({ length: imageCount * size * size * 3 }, (_, index) => (index * 89) % 251);
  const before = tf.memory().numTensors;
  const expected = tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(images), [imageCount, size, size, 3]);
    return augmentPixels(pixels, parametersOf({ parameters })[0]!, { ...unchanged, cropArea: 0.5 }).dataSync();
  });
  expect(tf.memory().numTensors).toBe(before);
  const moved = movePixels(images, parameters, size);
  expect(moved).toHaveLength(expected.length);
  const largest = moved.reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index]!)), 0);
  // Coordinates are float32 there: neighbors differ by up to 250 levels.
  expect(largest).toBeLessThan(0.05);
  expect(moved.some((value, index) => Math.abs(value - images[index]!) > 50)).toBe(true);
});
