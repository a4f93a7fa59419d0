/** Compares optimizers over 20 steps with Keras: `tools/golden/optimizers.json`, written by `tools/golden/optimizers.py`. */
import { compile } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/optimizers.json' with { type: 'json' };
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { clipByGlobalNorm } from './clip-gradients.ts';
import type { Optimizer } from './optimizer.ts';
import { Sgd } from './sgd.ts';
import { WeightAverage } from './weight-average.ts';

const { network, versions } = golden;
type Run = (typeof network.runs)[number];

/** A dense network with ReLU and one logit, with the first weights of the golden numbers. */
function createNetwork() {
  const shapes = [[6, 4], [4], [4, 1], [1]];
  const variables = shapes.map((shape, index) =>
    tf.tidy(() => tf.variable(tf.tensor((network.weights[index] as unknown[]).flat(2) as number[], shape))),
  );
  const [kernel, bias, lastKernel, lastBias] = variables as tf.Tensor[] as [
    tf.Tensor2D,
    tf.Tensor1D,
    tf.Tensor2D,
    tf.Tensor1D,
  ];
  const loss = (inputs: tf.Tensor2D, labels: tf.Tensor2D) => {
    const hidden = tf.relu(tf.add(tf.matMul(inputs, kernel), bias));
    const logits = tf.add(tf.matMul(hidden as tf.Tensor2D, lastKernel), lastBias);
    return tf.mean(tf.sub(tf.softplus(logits), tf.mul(labels, logits))) as tf.Scalar;
  };
  return { variables, loss };
}

function optimizerOf({ optimizer, rateScales }: Run, variables: readonly tf.Variable[]): Optimizer {
  const { kind, ...options } = optimizer;
  const all = { ...options, ...(rateScales && { rateScales }) };
  return kind === 'adam' ? new Adam(variables, all) : new Sgd(variables, all);
}

/** Takes the steps of a run; returns the losses, all weights, and their averages. */
function train(run: Run, way: string): { losses: number[]; weights: number[]; averages: number[] } {
  const { variables, loss } = createNetwork();
  const optimizer = optimizerOf(run, variables);
  const average = new WeightAverage(variables, run.emaMomentum ?? 0);
  const inputs = tf.tensor2d(network.inputs, [network.labels.length, 6]);
  const labels = tf.tensor2d(network.labels, [network.labels.length, 1]);
  const eager = (inputs: tf.Tensor2D, labels: tf.Tensor2D, rates: tf.Tensor1D, step: tf.Scalar) =>
    tf.tidy(() => {
      const { value, gradients } = backpropagate(() => loss(inputs, labels), variables);
      optimizer.update(run.clipNorm ? clipByGlobalNorm(gradients, run.clipNorm) : gradients, rates);
      average.update(step);
      return value;
    });
  const compiled = way === 'compiled' ? compile(eager, { optimizes: false }) : undefined;
  const losses = Array.from({ length: network.stepCount }, (_, index) =>
    tf.tidy(() => {
      const { rates, step } = optimizer.nextStep(run.rates?.[index] ?? network.learningRate);
      return (compiled ?? eager)(inputs, labels, rates, step).dataSync()[0]!;
    }),
  );
  const numbers = () => variables.flatMap((variable) => Array.from(variable.dataSync()));
  const weights = numbers();
  average.swap();
  const averages = numbers();
  average.dispose();
  compiled?.dispose();
  optimizer.dispose();
  tf.dispose([inputs, labels, ...variables]);
  return { losses, weights, averages };
}

describe.each([
  ['in JavaScript', () => void tf.setBackend('cpu')],
  ['op by op', useNativeBackend],
  ['compiled', useNativeBackend],
])('%s', (way, prepare) => {
  beforeAll(prepare);

  it.each(network.runs.filter(({ passes }) => passes === undefined).map((run) => [run.name, run] as const))(
    `%s has the numbers of Keras ${versions.keras} after 20 steps`,
    (_, run) => {
      const before = tf.memory().numTensors;
      const found = train(run, way);
      expect(found.losses).toHaveLength(20);
      expect(largestDifference(found.losses, run.losses)).toBeLessThan(1e-5);
      expect(largestDifference(found.weights, run.weights)).toBeLessThan(1e-5);
      // A momentum of 0 averages nothing.
      expect(largestDifference(found.averages, run.averages ?? run.weights)).toBeLessThan(1e-5);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});
