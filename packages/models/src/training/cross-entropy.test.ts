import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../numbers.fixture.ts';
import { crossEntropy } from './cross-entropy.ts';

beforeAll(() => tf.setBackend('cpu'));

function lossAndGradient(
  logits: number[][],
  labels: number[],
  labelSmoothing = 0,
): { loss: number; gradient: number[] } {
  return tf.tidy(() => {
    const z = tf.tensor2d(logits);
    const y = tf.tensor1d(labels, 'int32');
    const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x as tf.Tensor2D, y, { labelSmoothing }))(z);
    return { loss: value.dataSync()[0]!, gradient: Array.from(grad.dataSync()) };
  });
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

describe('crossEntropy', () => {
  it('is binary for one logit, the mean over the batch', () => {
    const { loss, gradient } = lossAndGradient([[2], [-1], [0]], [1, 1, 0]);
    const expected = -(Math.log(sigmoid(2)) + Math.log(sigmoid(-1)) + Math.log(sigmoid(0))) / 3;
    expect(loss).toBeCloseTo(expected, 5);
    const slopes = [sigmoid(2) - 1, sigmoid(-1) - 1, 0.5].map((one) => one / 3);
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-6);
  });

  it('is softmax for several', () => {
    const { loss, gradient } = lossAndGradient([[1, 2, 3]], [2]);
    const sum = Math.exp(1) + Math.exp(2) + Math.exp(3);
    expect(loss).toBeCloseTo(-Math.log(Math.exp(3) / sum), 5);
    const slopes = [1, 2, 3].map((z, label) => Math.exp(z) / sum - Number(label === 2));
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-6);
  });

  it('agrees between two classes and one logit', () => {
    const one = lossAndGradient([[1.5], [-0.5]], [0, 1], 0.1).loss;
    const two = lossAndGradient(
      [
        [0, 1.5],
        [0, -0.5],
      ],
      [0, 1],
      0.1,
    ).loss;
    expect(one).toBeCloseTo(two, 5);
  });

  it.each([
    [[[1e4], [-1e4]], [0, 1], 1e4],
    [[[1e4], [-1e4]], [1, 0], 0],
    [
      [
        [1e4, 0, 0],
        [0, 1e4, 0],
      ],
      [1, 1],
      5e3,
    ],
  ])('stays finite for %o', (logits, labels, expected) => {
    const { loss, gradient } = lossAndGradient(logits, labels);
    expect(loss).toBeCloseTo(expected, 3);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it('smooths labels: the best logit is no longer an infinite one', () => {
    // With 0.2 over two classes the target is 0.9, which logit log(9) meets.
    const [gradient] = lossAndGradient([[Math.log(9)]], [1], 0.2).gradient;
    expect(gradient).toBeCloseTo(0, 6);
    // With 0.3 over three classes it is 0.8, 0.1, 0.1.
    const { gradient: categorical } = lossAndGradient([[Math.log(8), 0, 0]], [0], 0.3);
    expect(largestDifference(categorical, [0, 0, 0])).toBeLessThan(1e-6);
  });
});
