import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/article.json' with { type: 'json' };
import soft from '../../../../tools/golden/augmentation.json' with { type: 'json' };
import { largestDifference } from '../numbers.fixture.ts';
import { sigmoid } from '../stackers/probabilities.ts';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';

beforeAll(() => tf.setBackend('cpu'));

function lossAndGradient(
  logits: number[][],
  labels: number[],
  options: LossOptions = {},
): { loss: number; gradient: number[] } {
  return tf.tidy(() => {
    const z = tf.tensor2d(logits);
    const y = tf.tensor1d(labels, 'int32');
    const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x as tf.Tensor2D, y, options))(z);
    return { loss: value.dataSync()[0]!, gradient: Array.from(grad.dataSync()) };
  });
}

describe('crossEntropy', () => {
  it('is the batch mean of binary cross-entropy for one logit', () => {
    const { loss, gradient } = lossAndGradient([[2], [-1], [0]], [1, 1, 0]);
    const expected = -(Math.log(sigmoid(2)) + Math.log(sigmoid(-1)) + Math.log(sigmoid(0))) / 3;
    expect(loss).toBeCloseTo(expected, 5);
    const slopes = [sigmoid(2) - 1, sigmoid(-1) - 1, 0.5].map((one) => one / 3);
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-6);
  });

  it('is the batch mean of softmax cross-entropy for several', () => {
    const { loss, gradient } = lossAndGradient([[1, 2, 3]], [2]);
    const sum = Math.exp(1) + Math.exp(2) + Math.exp(3);
    expect(loss).toBeCloseTo(-Math.log(Math.exp(3) / sum), 5);
    const slopes = [1, 2, 3].map((z, label) => Math.exp(z) / sum - Number(label === 2));
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-6);
  });

  it.each(soft.losses)('of soft labels is that of PyTorch: $labelSmoothing', ({ logits, labels, loss, ...options }) => {
    const lossOf = (values: number[][]) =>
      crossEntropy(tf.tensor2d(values), tf.tensor2d(labels), options).dataSync()[0];
    expect(lossOf(logits)).toBeCloseTo(loss, 5);
    // One logit is the difference of two.
    if (labels[0]!.length === 2) expect(lossOf(logits.map(([a, b]) => [b! - a!]))).toBeCloseTo(loss, 5);
  });

  it('is equal for two classes and for one logit', () => {
    const one = lossAndGradient([[1.5], [-0.5]], [0, 1], { labelSmoothing: 0.1 }).loss;
    const two = lossAndGradient(
      [
        [0, 1.5],
        [0, -0.5],
      ],
      [0, 1],
      { labelSmoothing: 0.1 },
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

  it('smooths labels: the best logit is finite', () => {
    // With 0.2 over two classes the target is 0.9, the probability of logit log(9).
    const [gradient] = lossAndGradient([[Math.log(9)]], [1], { labelSmoothing: 0.2 }).gradient;
    expect(gradient).toBeCloseTo(0, 6);
    // With 0.3 over three classes the targets are 0.8, 0.1, 0.1.
    const { gradient: categorical } = lossAndGradient([[Math.log(8), 0, 0]], [0], { labelSmoothing: 0.3 });
    expect(largestDifference(categorical, [0, 0, 0])).toBeLessThan(1e-6);
  });
});

describe('crossEntropy from logits on a sigmoid', () => {
  it.each([
    [
      [[2], [-1]],
      [1, 0],
    ],
    [
      [
        [1, 2, 3],
        [0, -1, 0],
      ],
      [2, 0],
    ],
  ])('is the same with cached logits: %o', (logits, labels) => {
    const cached = lossAndGradient(logits, labels, { fromLogitsOnSigmoid: 'cached-logits', labelSmoothing: 0.1 });
    expect(cached).toEqual(lossAndGradient(logits, labels, { labelSmoothing: 0.1 }));
  });

  it('is that of the sigmoid of the sigmoid with probabilities, as in the formula of Keras', () => {
    const logits = Float32Array.from(golden.loss.logits);
    const { labels } = golden.loss;
    const column = Array.from(logits, (z) => [z]);
    const once = lossAndGradient(column, labels, { fromLogitsOnSigmoid: 'cached-logits' }).loss;
    expect(Math.abs(once - golden.loss.tfKeras)).toBeLessThan(1e-6);
    const { loss, gradient } = lossAndGradient(column, labels, { fromLogitsOnSigmoid: 'probabilities' });
    expect(Math.abs(loss - golden.loss.tensorFlow22)).toBeLessThan(1e-6);
    const slopes = Array.from(logits, sigmoid).map((p, row) => ((sigmoid(p) - labels[row]!) * p * (1 - p)) / 16);
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-7);
  });

  it('is that of the softmax of the softmax with probabilities of several classes', () => {
    const softmax = (numbers: number[]) => {
      const sum = numbers.reduce((total, one) => total + Math.exp(one), 0);
      return numbers.map((one) => Math.exp(one) / sum);
    };
    const lossOf = (logits: number[]) => -Math.log(softmax(softmax(logits))[2]!);
    const { loss, gradient } = lossAndGradient([[1, 2, 3]], [2], { fromLogitsOnSigmoid: 'probabilities' });
    expect(loss).toBeCloseTo(lossOf([1, 2, 3]), 6);
    const slopes = [0, 1, 2].map((moved) => {
      const [up, down] = [1e-5, -1e-5].map((step) => lossOf([1, 2, 3].map((z, at) => z + (at === moved ? step : 0))));
      return (up! - down!) / 2e-5;
    });
    expect(largestDifference(gradient, slopes)).toBeLessThan(1e-6);
  });

  it.each([
    // The sigmoid saturates at 0 and 1: log 2 and log(1 + e) for a confident mistake, log(1 + 1/e) for a correct prediction.
    [[[1e4], [-1e4]], [0, 1], (Math.log(1 + Math.E) + Math.log(2)) / 2],
    [[[1e4]], [1], Math.log(1 + 1 / Math.E)],
    [[[1e4, 0, 0]], [1], Math.log(Math.E + 2)],
  ])('stays finite for %o', (logits, labels, expected) => {
    const { loss, gradient } = lossAndGradient(logits, labels, { fromLogitsOnSigmoid: 'probabilities' });
    expect(loss).toBeCloseTo(expected, 5);
    expect(gradient.every((slope) => Math.abs(slope) < 1e-6)).toBe(true);
  });
});
