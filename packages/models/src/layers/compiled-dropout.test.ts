import { compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { SeededDropout } from './seeded-dropout.ts';

beforeAll(() => useNativeBackend());

function dropoutOf(seed: number) {
  const layer = new SeededDropout({ name: 'dropout', rate: 0.25, seed });
  return (x: tf.Tensor, step: tf.Tensor) => layer.apply(x, { training: true, step }) as tf.Tensor;
}

function masks(dropout: (x: tf.Tensor, step: tf.Tensor) => tf.Tensor, steps: readonly number[]): Float32Array[] {
  return steps.map((step) => tf.tidy(() => dropout(tf.ones([50, 30]), tf.scalar(step, 'int32')).dataSync<'float32'>()));
}

it('compiled dropout draws a new mask for each step, the same as eagerly', () => {
  const compiled = compile(dropoutOf(7));
  const drawn = masks(compiled, [0, 1, 2, 1]);
  expect(drawn).toEqual(masks(dropoutOf(7), [0, 1, 2, 1]));
  expect(drawn[3]).toEqual(drawn[1]);
  expect(drawn[1]).not.toEqual(drawn[0]);
  expect(drawn[2]).not.toEqual(drawn[1]);
  expect(compiled.metrics.traceCount).toBe(1);
  compiled.dispose();
});
