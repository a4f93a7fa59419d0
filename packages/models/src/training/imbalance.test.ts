/** Compares losses for classes of unequal size with Keras and PyTorch: `tools/golden/imbalance.py` writes `imbalance.json`. */
import { compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/imbalance.json' with { type: 'json' };
import { largestDifference } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { crossEntropy, type LossOptions } from './cross-entropy.ts';
import { GradientSum } from './gradient-sum.ts';
import { ways } from './ways.fixture.ts';

const { inputs, learningRate, networks, runs, mixed, versions } = golden;
const imageCount = 16;

interface Run {
  outputs: number;
  options: LossOptions;
  losses: readonly number[];
}

/** Takes the steps of a run, each in passes over parts of the images; returns the losses and all weights. */
function train(run: Run, way: string, passCount: number): { losses: number[]; weights: number[] } {
  const { labels, weights } = networks.find(({ outputs }) => outputs === run.outputs)!;
  const shapes = [[6, 4], [4], [4, run.outputs], [run.outputs]];
  const variables = shapes.map((shape, index) =>
    tf.tidy(() => tf.variable(tf.tensor((weights[index] as unknown[]).flat() as number[], shape))),
  );
  const [kernel, bias, lastKernel, lastBias] = variables as tf.Tensor[] as [
    tf.Tensor2D,
    tf.Tensor1D,
    tf.Tensor2D,
    tf.Tensor1D,
  ];
  const optimizer = new Adam(variables);
  const sum = new GradientSum(variables);
  const accumulate = (x: tf.Tensor2D, y: tf.Tensor1D) =>
    tf.tidy(() => {
      const loss = () => {
        const hidden = tf.relu(tf.add(tf.matMul(x, kernel), bias)) as tf.Tensor2D;
        return crossEntropy(tf.add(tf.matMul(hidden, lastKernel), lastBias), y, run.options);
      };
      const { value, gradients } = backpropagate(loss, variables);
      sum.add(gradients, tf.scalar(1 / passCount));
      return value;
    });
  const compiled = way === 'compiled' ? compile(accumulate, { optimizes: false }) : undefined;
  const step = compiled ?? accumulate;
  const losses = run.losses.map(() =>
    tf.tidy(() => {
      const parts = tf.split(tf.tensor2d(inputs, [imageCount, 6]), passCount) as tf.Tensor2D[];
      const partLabels = tf.split(tf.tensor1d(labels, 'int32'), passCount) as tf.Tensor1D[];
      const partLosses = parts.map((part, pass) => step(part, partLabels[pass]!).dataSync()[0]!);
      const { rates } = optimizer.nextStep(learningRate);
      sum.take((gradients) => optimizer.update(gradients, rates));
      return partLosses.reduce((total, one) => total + one, 0) / passCount;
    }),
  );
  const found = variables.flatMap((variable) => Array.from(variable.dataSync()));
  for (const one of [optimizer, sum, ...(compiled ? [compiled] : []), ...variables]) one.dispose();
  return { losses, weights: found };
}

describe.each(ways)('%s', (way, prepare) => {
  beforeAll(prepare);

  it.each(runs.map((run) => [run.name, run] as const))(
    `%s: the numbers of Keras ${versions.keras} after 20 steps, in one pass and in four`,
    (_, run) => {
      const before = tf.memory().numTensors;
      for (const passCount of [1, 4]) {
        const found = train(run, way, passCount);
        expect(found.losses).toHaveLength(20);
        expect(largestDifference(found.losses, run.losses)).toBeLessThan(1e-5);
        expect(largestDifference(found.weights, run.weights)).toBeLessThan(1e-5);
      }
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('weighs mixed labels as PyTorch does', () => {
    const { logits, labels, classWeights, loss } = mixed;
    tf.tidy(() => {
      const found = crossEntropy(tf.tensor2d(logits), tf.tensor2d(labels), { classWeights });
      expect(Math.abs(found.dataSync()[0]! - loss)).toBeLessThan(1e-6);
    });
  });
});

describe('of two classes', () => {
  beforeAll(() => void tf.setBackend('cpu'));

  const labels = [
    [0.7, 0.3],
    [0, 1],
    [1, 0],
  ];
  const logits = [
    [0, 1.5],
    [0, -30],
    [0, 80],
  ];

  it.each<[string, LossOptions]>([
    ['class weights', { classWeights: [0.6, 3] }],
    ['the focal loss', { focalGamma: 2 }],
    ['the focal loss with γ below 1', { focalGamma: 0.3, classWeights: [0.6, 3] }],
    ['logit adjustment', { logitOffsets: [-0.1, -2.4] }],
  ])('%s gives the same loss and gradient for one logit as for two, with mixed and smoothed labels', (_, options) => {
    const lossAndSlopes = (values: number[][]) =>
      tf.tidy(() => {
        const lossOf = (z: tf.Tensor) =>
          crossEntropy(z as tf.Tensor2D, tf.tensor2d(labels), { ...options, labelSmoothing: 0.1 });
        const { value, grad } = tf.valueAndGrad(lossOf)(tf.tensor2d(values));
        return { loss: value.dataSync()[0]!, slopes: grad.arraySync() as number[][] };
      });
    const two = lossAndSlopes(logits);
    const one = lossAndSlopes(logits.map(([a, b]) => [b! - a!]));
    expect(one.loss).toBeCloseTo(two.loss, 4);
    expect(
      largestDifference(
        one.slopes.flat(),
        two.slopes.map(([, slope]) => slope!),
      ),
    ).toBeLessThan(1e-5);
  });

  it('losses of equal classes without focus are plain cross-entropy', () => {
    const values = [[0.5], [-1], [2]];
    const lossOf = (options: LossOptions) => crossEntropy(tf.tensor2d(values), tf.tensor2d(labels), options);
    const plain = lossOf({}).dataSync()[0]!;
    for (const options of [{ classWeights: [1, 1] }, { focalGamma: 0 }, { logitOffsets: [-0.7, -0.7] }])
      expect(lossOf(options).dataSync()[0]).toBeCloseTo(plain, 6);
  });
});
