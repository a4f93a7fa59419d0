import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { areFinite } from './are-finite.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0' });
});

it.each([
  [true, [0, -3.4e38, 1e-45]],
  [false, [1, Number.NaN, 2]],
  [false, [Number.POSITIVE_INFINITY, 1]],
  [false, [1, Number.NEGATIVE_INFINITY]],
])('45: areFinite is %j for %j', (expected, numbers) => {
  const before = tf.memory().numTensors;
  const tensors = [tf.ones([2, 3]), tf.tensor1d(numbers), tf.scalar(5)];
  expect(areFinite(tensors)).toBe(expected);
  for (const tensor of tensors) tensor.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
