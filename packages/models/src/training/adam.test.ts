import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference, seededTensor } from '../numbers.fixture.ts';
import { Adam, type AdamOptions } from './adam.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Values of the variables after several steps. */
function after(
  starts: tf.Tensor[],
  gradients: readonly (readonly tf.Tensor[])[],
  options: AdamOptions & { learningRate: number },
): number[][] {
  const variables = starts.map((start) => tf.variable(start));
  const adam = new Adam(variables, options);
  for (const step of gradients)
    adam.update(
      Object.fromEntries(variables.map(({ name }, index) => [name, step[index]!])),
      adam.nextStep(options.learningRate).rates,
    );
  const values = variables.map((variable) => Array.from(variable.dataSync()));
  adam.dispose();
  tf.dispose(variables);
  return values;
}

/** The update rule in float64. */
function byHand(start: number, gradients: number[], learningRate: number, weightDecay = 0): number {
  let [w, m, v] = [start, 0, 0];
  for (const [index, g] of gradients.entries()) {
    const t = index + 1;
    const alpha = (learningRate * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
    m += (g - m) * 0.1;
    v += (g * g - v) * 0.001;
    w -= w * learningRate * weightDecay;
    w -= (alpha * m) / (Math.sqrt(v) + 1e-7);
  }
  return w;
}

describe('Adam', () => {
  const gradients = [0.3, -2, 1e-5, 0, 0.7];

  it('follows the rule of Keras', () => {
    tf.tidy(() => {
      const [found] = after(
        [tf.tensor1d([0.5])],
        gradients.map((g) => [tf.tensor1d([g])]),
        { learningRate: 0.01 },
      );
      expect(found![0]).toBeCloseTo(byHand(0.5, gradients, 0.01), 6);
    });
  });

  it('adds epsilon before the bias correction: tiny gradients move less than with tfjs’ rule', () => {
    tf.tidy(() => {
      const g = 1e-6;
      const [own] = after([tf.tensor1d([0])], [[tf.tensor1d([g])]], { learningRate: 1 });
      // √v = g √0.001 is a third of epsilon.
      const expected = -(Math.sqrt(0.001) * g) / (Math.sqrt(0.001) * g + 1e-7);
      expect(own![0]).toBeCloseTo(expected, 5);
      const variable = tf.variable(tf.tensor1d([0]));
      tf.train.adam(1, 0.9, 0.999, 1e-7).applyGradients([{ name: variable.name, tensor: tf.tensor1d([g]) }]);
      expect(Math.abs(own![0]! - variable.dataSync()[0]!)).toBeGreaterThan(0.1);
      variable.dispose();
    });
  });

  it('updates several variables as it would each alone', () => {
    tf.tidy(() => {
      const shapes = [[2, 3], [4], [1, 1, 2, 2]];
      const starts = shapes.map((shape) => seededTensor(shape as [number], -1, 1));
      const steps = [1, 2, 3].map((seed) => shapes.map((shape) => seededTensor(shape as [number], -1, 1, seed)));
      const together = after(starts, steps, { learningRate: 0.1, weightDecay: 0.2 });
      for (const [index, start] of starts.entries()) {
        const [alone] = after(
          [start],
          steps.map((step) => [step[index]!]),
          { learningRate: 0.1, weightDecay: 0.2 },
        );
        expect(together[index]).toEqual(alone);
      }
    });
  });

  it('decays only kernels, decoupled from the gradient', () => {
    tf.tidy(() => {
      const steps = gradients.map((g) => [tf.tensor2d([[g]]), tf.tensor1d([g])]);
      const [kernel, bias] = after([tf.tensor2d([[0.5]]), tf.tensor1d([0.5])], steps, {
        learningRate: 0.01,
        weightDecay: 0.5,
      });
      expect(kernel![0]).toBeCloseTo(byHand(0.5, gradients, 0.01, 0.5), 6);
      expect(bias![0]).toBeCloseTo(byHand(0.5, gradients, 0.01), 6);
      expect(largestDifference(kernel!, bias!)).toBeGreaterThan(0.01);
    });
  });

  it('updates variables with millions of weights as it does small ones', () => {
    tf.tidy(() => {
      // Two that share a vector, one that starts the next, one that exceeds a vector alone, and a small one.
      const lengths = [2 ** 19, 2 ** 19, 2 ** 19, 2 ** 20 + 1, 3];
      const starts = lengths.map((length) => tf.fill([length], 0.5));
      const [gradient, rate] = [0.3, 0.01];
      const steps = [1, 2].map(() => lengths.map((length) => tf.fill([length], gradient)));
      const found = after(starts, steps, { learningRate: rate });
      const expected = byHand(0.5, [gradient, gradient], rate);
      for (const [index, values] of found.entries()) {
        expect(values).toHaveLength(lengths[index]!);
        expect(Math.min(...new Set(values))).toBeCloseTo(expected, 6);
        expect(Math.max(...new Set(values))).toBeCloseTo(expected, 6);
      }
    });
  });

  it('updates nothing if a later gradient is missing', () => {
    const [a, b] = [tf.variable(tf.zeros([2 ** 20])), tf.variable(tf.scalar(0))];
    const adam = new Adam([a, b], { weightDecay: 0.1 });
    const [g, { rates, step }] = [tf.ones([2 ** 20]), adam.nextStep(0.1)];
    const before = tf.memory().numTensors;
    for (const _ of [1, 2]) expect(() => adam.update({ [a.name]: g }, rates)).toThrow(`no gradient for ${b.name}`);
    expect(a.dataSync().every((value) => value === 0)).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
    adam.dispose();
    tf.dispose([a, b, g, rates, step]);
  });

  it('leaks no tensor', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() =>
      after([tf.ones([2, 2])], [[tf.ones([2, 2])], [tf.ones([2, 2])]], { learningRate: 0.1, weightDecay: 1 }),
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
