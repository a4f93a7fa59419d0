import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { ModelError } from './errors.ts';
import {
  checkPreprocessing,
  minusOneToOne,
  preprocessingNames,
  preprocessings,
  transformPixels,
} from './preprocessing.ts';

beforeAll(() => tf.setBackend('cpu'));

it.each([
  ['minus-one-to-one', [-1, 0, 1, -1, 1, 0]],
  ['raw-bgr', [255, 127.5, 0, 127.5, 255, 0]],
] as const)('%s of two pixels', (name, expected) => {
  tf.tidy(() => {
    const images = tf.tensor4d([0, 127.5, 255, 0, 255, 127.5], [1, 1, 2, 3]);
    const found = preprocessings[name].apply(images);
    expect(found.shape).toEqual(images.shape);
    expect(Array.from(found.dataSync())).toEqual(expected);
  });
});

it('transforms each channel by its own numbers, in the order of the output', () => {
  tf.tidy(() => {
    const images = tf.tensor4d([10, 20, 30], [1, 1, 1, 3]);
    const found = transformPixels({ channelOrder: 'bgr', divisor: [3, 2, 1], offset: [1, 2, 3] }, images);
    expect(Array.from(found.dataSync())).toEqual([30 / 3 - 1, 20 / 2 - 2, 10 / 1 - 3]);
  });
});

it.each(preprocessingNames)('%s is listed under its own name, and leaks no tensor', (name) => {
  expect(preprocessings[name].name).toBe(name);
  const images = tf.ones<tf.Rank.R4>([1, 2, 2, 3]);
  const before = tf.memory().numTensors;
  preprocessings[name].apply(images).dispose();
  expect(tf.memory().numTensors).toBe(before);
  images.dispose();
});

it('rejects all but the backbone’s own and raw-bgr', () => {
  for (const name of ['minus-one-to-one', 'raw-bgr'])
    expect(() => checkPreprocessing(name, minusOneToOne)).not.toThrow();
  expect(() => checkPreprocessing('zero-to-one', minusOneToOne)).toThrow(ModelError);
  expect(() => checkPreprocessing('zero-to-one', minusOneToOne)).toThrow(
    `Invalid preprocessing "zero-to-one"; expected minus-one-to-one, with which the backbone's weights were trained, or raw-bgr.`,
  );
});
