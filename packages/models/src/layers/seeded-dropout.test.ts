import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { SeededDropout } from './seeded-dropout.ts';

beforeAll(() => tf.setBackend('cpu'));

/** For the steps 0, 1, 2, … */
function masks(seed: number, count: number, training = true): number[][] {
  const layer = new SeededDropout({ name: 'dropout', rate: 0.25, seed });
  return Array.from({ length: count }, (_, index) =>
    tf.tidy(() => {
      const step = tf.scalar(index, 'int32');
      return Array.from((layer.apply(tf.ones([100, 100]), { training, step }) as tf.Tensor).dataSync());
    }),
  );
}

it('drops the given share and scales up the rest', () => {
  const [mask] = masks(1, 1) as [number[]];
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
  const dropped = mask.filter((one) => one === 0).length / mask.length;
  // With 10,000 draws, five standard deviations are 0.022.
  expect(Math.abs(dropped - 0.25)).toBeLessThan(0.022);
});

it('draws a new mask for each step, and the same ones from the same seed', () => {
  const [first, second] = masks(1, 2);
  expect(second).not.toEqual(first);
  expect(masks(1, 2)).toEqual([first, second]);
  expect(masks(2, 1)).not.toEqual([first]);
});

it('is the identity in inference', () => {
  const [mask] = masks(1, 1, false);
  expect(new Set(mask)).toEqual(new Set([1]));
});

it('leaks no tensor', () => {
  const before = tf.memory().numTensors;
  masks(1, 3);
  expect(tf.memory().numTensors).toBe(before);
});

it('requires the step number', () => {
  const layer = new SeededDropout({ name: 'dropout', rate: 0.25, seed: 1 });
  expect(() => tf.tidy(() => layer.apply(tf.ones([1]), { training: true }) as tf.Tensor)).toThrow(
    'needs the step number',
  );
});
