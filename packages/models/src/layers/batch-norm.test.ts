import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, seededTensor } from '../numbers.fixture.ts';
import { BatchNorm } from './batch-norm.ts';
import type { LayerCall } from './layer-call.ts';

beforeAll(useNativeBackend);

const epsilon = 1e-3;
const training = (statistics: LayerCall['statistics']): LayerCall => ({ training: true, statistics });

function call(layer: BatchNorm, x: tf.Tensor, how: Partial<LayerCall>): tf.Tensor {
  return layer.apply(x, how) as tf.Tensor;
}

/** A layer over three channels with non-default weights; without gamma if that is undefined. */
function layerOfThree([gamma]: [(number[] | undefined)?] = [[1, 2, -1]]): {
  layer: BatchNorm;
  read: () => number[][];
  variables: tf.Variable[];
} {
  const layer = new BatchNorm({ name: 'bn', momentum: 0.9, epsilon, scale: gamma !== undefined });
  layer.apply(tf.input({ shape: [2, 2, 3] }));
  tf.tidy(() =>
    layer.setWeights([
      ...(gamma === undefined ? [] : [tf.tensor1d(gamma)]),
      tf.tensor1d([0.5, 0, 0.1]),
      tf.tensor1d([0.2, -0.3, 1]),
      tf.tensor1d([1, 0.5, 2]),
    ]),
  );
  const variables = layer.weights.map((weight) => weight.read() as tf.Variable);
  return { layer, variables, read: () => variables.map((variable) => Array.from(variable.dataSync())) };
}

/** The output, the gradients of a weighted sum by x, gamma and beta, and the weights afterwards. */
function everything(backend: string, statistics: LayerCall['statistics']): number[][] {
  tf.setBackend(backend);
  const { layer, read, variables } = layerOfThree();
  const results = tf.tidy(() => {
    const x = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -2, 3);
    const weights = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -1, 1, 1);
    const y = call(layer, x, training(statistics));
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(weights, call(layer, x, training('moving')))) as tf.Scalar,
      variables.slice(0, 2),
    );
    const byX = tf.grad((input) => tf.sum(tf.mul(weights, call(layer, input, training(statistics)))))(x);
    return [y, byX, ...Object.values(grads).filter((one) => one !== null)].map((one) => Array.from(one.dataSync()));
  });
  const all = [...results, ...read()];
  layer.dispose();
  tf.setBackend('tensorflow');
  return all;
}

describe.each(['tensorflow', 'cpu'])('on backend %s', (backend) => {
  it('normalizes with batch statistics and updates the moving ones as Keras 3 does', async () => {
    await tf.setBackend(backend);
    const { layer, read } = layerOfThree();
    const x = tf.tensor4d([1, 0, 0, 3, 0, 0, 5, 0, 0, 7, 0, 8], [1, 2, 2, 3]);
    const y = call(layer, x, training('batch'));
    // Channel 0 is 1, 3, 5, 7: mean 4, biased variance 5 (the unbiased one would be 6.67).
    const channel = Array.from(y.dataSync()).filter((_, index) => index % 3 === 0);
    expect(
      largestDifference(
        channel,
        [1, 3, 5, 7].map((one) => (one - 4) / Math.sqrt(5 + epsilon) + 0.5),
      ),
    ).toBeLessThan(1e-5);
    const [, , mean, variance] = read() as [number[], number[], number[], number[]];
    expect(largestDifference(mean, [0.2 * 0.9 + 0.4, -0.3 * 0.9, 0.9 + 0.2])).toBeLessThan(1e-6);
    expect(largestDifference(variance, [0.9 + 0.5, 0.5 * 0.9, 2 * 0.9 + 1.2])).toBeLessThan(1e-6);
    tf.dispose([x, y]);
    layer.dispose();
    await tf.setBackend('tensorflow');
  });
});

it.each(['batch', 'moving', { weight: 0.25 }] as const)(
  'fused and composed ops compute the same with %o',
  (statistics) => {
    const fused = everything('tensorflow', statistics);
    const composed = everything('cpu', statistics);
    for (const [index, numbers] of fused.entries())
      expect(largestDifference(numbers, composed[index]!)).toBeLessThan(2e-5);
  },
);

it('blends the batch into the moving statistics with a weight', () => {
  const { layer, read } = layerOfThree();
  call(layer, tf.fill([1, 2, 2, 3], 4), training({ weight: 1 }));
  expect(read().slice(2)).toEqual([
    [4, 4, 4],
    [0, 0, 0],
  ]);
  call(layer, tf.fill([1, 2, 2, 3], 8), training({ weight: 0.5 }));
  expect(read()[2]).toEqual([6, 6, 6]);
  layer.dispose();
});

it('computes the same in inference and with moving statistics, which do not change', () => {
  const { layer, read } = layerOfThree();
  const before = read();
  const x = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -2, 3);
  const [inferred, trained] = [{}, training('moving')].map((how) => call(layer, x, how)) as [tf.Tensor, tf.Tensor];
  expect(trained.dataSync()).toEqual(inferred.dataSync());
  const [first] = inferred.dataSync();
  expect(first).toBeCloseTo((x.dataSync()[0]! - 0.2) / Math.sqrt(1 + epsilon) + 0.5, 5);
  expect(read()).toEqual(before);
  tf.dispose([x, inferred, trained]);
  layer.dispose();
});

it('with moving statistics has the gradient that tfjs derives', () => {
  const { layer, variables } = layerOfThree();
  const [gamma, beta, mean, variance] = variables as tf.Tensor[] as [
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor1D,
  ];
  tf.tidy(() => {
    const x = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -2, 3);
    const weights = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -1, 1, 1);
    const loss = (y: tf.Tensor) => tf.sum(tf.mul(weights, y)) as tf.Scalar;
    const own = () => loss(call(layer, x, training('moving')));
    const derived = () => loss(tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon));
    const [a, b] = [own, derived].map((f) => tf.variableGrads(f, variables.slice(0, 2)).grads);
    for (const { name } of variables.slice(0, 2))
      expect(largestDifference(a![name]!.dataSync(), b![name]!.dataSync())).toBeLessThan(1e-5);
  });
  layer.dispose();
});

describe.each(['tensorflow', 'cpu'])('without gamma on backend %s', (backend) => {
  it.each(['batch', 'moving', { weight: 0.25 }] as const)(
    'equals the layer with a gamma of 1, with %o',
    (statistics) => {
      tf.setBackend(backend);
      const [ones, none] = [[1, 1, 1], undefined].map((gamma) => {
        const { layer, variables, read } = layerOfThree([gamma]);
        const beta = variables.at(-3)!;
        const results = tf.tidy(() => {
          const x = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -2, 3);
          const weights = seededTensor<tf.Rank.R4>([4, 2, 2, 3], -1, 1, 1);
          const loss = (input: tf.Tensor) => tf.sum(tf.mul(weights, call(layer, input, training(statistics))));
          const { grads } = tf.variableGrads(() => loss(x) as tf.Scalar, [beta]);
          const tensors = [call(layer, x, {}), tf.grad(loss)(x), grads[beta.name]!];
          return [...tensors.map((tensor) => Array.from(tensor.dataSync())), ...read().slice(-3)];
        });
        layer.dispose();
        return { results, weightCount: variables.length };
      });
      expect([ones!.weightCount, none!.weightCount]).toEqual([4, 3]);
      expect(none!.results).toEqual(ones!.results);
      tf.setBackend('tensorflow');
    },
  );
});

it('leaks no tensor', () => {
  const before = tf.memory().numTensors;
  for (const gamma of [[1, 2, -1], undefined]) {
    const { layer } = layerOfThree([gamma]);
    for (const statistics of ['batch', 'moving', { weight: 0.5 }] as const)
      tf.tidy(() => call(layer, tf.ones([1, 2, 2, 3]), training(statistics)).dispose());
    const x = tf.ones([1, 2, 2, 3]);
    tf.dispose([x, call(layer, x, {})]);
    layer.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});
