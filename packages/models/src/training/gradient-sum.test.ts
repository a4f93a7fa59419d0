import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { GradientSum } from './gradient-sum.ts';

describe.each([
  ['in JavaScript', () => void tf.setBackend('cpu')],
  ['in TensorFlow', useNativeBackend],
])('GradientSum %s', (_, prepare) => {
  beforeAll(prepare);

  it('adds up weighted gradients, hands them over once, and starts again from zero', () => {
    const [a, b] = [tf.variable(tf.zeros([2])), tf.variable(tf.scalar(0))];
    const sum = new GradientSum([a, b]);
    const taken: number[][] = [];
    const take = () =>
      sum.take((gradients) => taken.push([a, b].flatMap(({ name }) => [...gradients[name]!.dataSync()])));
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      sum.add({ [a.name]: tf.tensor1d([1, 2]), [b.name]: tf.scalar(4) }, tf.scalar(0.5));
      sum.add({ [b.name]: tf.scalar(-8), [a.name]: tf.tensor1d([3, 0]) }, tf.scalar(0.25));
      take();
      sum.add({ [a.name]: tf.tensor1d([7, 7]), [b.name]: tf.scalar(7) }, tf.scalar(1));
      take();
      take();
    });
    expect(taken).toEqual([
      [1.25, 1, 0],
      [7, 7, 7],
      [0, 0, 0],
    ]);
    expect(tf.memory().numTensors).toBe(before);
    sum.dispose();
    tf.dispose([a, b]);
  });

  it('adds nothing if a later gradient is missing', () => {
    const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const sum = new GradientSum([a, b]);
    tf.tidy(() => {
      expect(() => sum.add({ [a.name]: tf.scalar(1) }, tf.scalar(1))).toThrow(`no gradient for ${b.name}`);
      sum.take((gradients) => expect(gradients[a.name]!.dataSync()[0]).toBe(0));
    });
    sum.dispose();
    tf.dispose([a, b]);
  });
});
