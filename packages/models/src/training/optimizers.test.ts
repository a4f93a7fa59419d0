/** Compares optimizers over 20 steps with Keras: `tools/golden/optimizers.json`, written by `tools/golden/optimizers.py`. */
import { compile } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../../tools/golden/optimizers.json' with { type: 'json' };
import { largestDifference } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { backpropagate } from './backpropagate.ts';
import { clipByGlobalNorm } from './clip-gradients.ts';
import { GradientSum } from './gradient-sum.ts';
import type { Optimizer } from './optimizer.ts';
import { Sgd } from './sgd.ts';
import { ways } from './ways.fixture.ts';
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

type Step = (inputs: tf.Tensor2D, labels: tf.Tensor2D, rates: tf.Tensor1D, step: tf.Scalar) => number;

/** Takes the steps of a run; returns the losses, all weights, and their averages. */
function train(run: Run, isCompiled: boolean): { losses: number[]; weights: number[]; averages: number[] } {
  const { variables, loss } = createNetwork();
  const optimizer = optimizerOf(run, variables);
  const average = new WeightAverage(variables, run.emaMomentum ?? 0);
  const [inputs, labels] = [tf.tensor2d(network.inputs, [16, 6]), tf.tensor2d(network.labels, [16, 1])];
  const owned: { dispose(): void }[] = [optimizer, average, inputs, labels, ...variables];
  const own = <T extends { dispose(): void }>(one: T) => {
    owned.push(one);
    return one;
  };
  const prepared = <Inputs extends tf.Tensor[], Result extends tf.Tensor | []>(fn: (...inputs: Inputs) => Result) => {
    const tidy = (...inputs: Inputs) => tf.tidy(() => fn(...inputs) as tf.Tensor) as Result;
    return isCompiled ? own(compile(tidy, { optimizes: false })) : tidy;
  };
  const gradientsOf = (inputs: tf.Tensor2D, labels: tf.Tensor2D) =>
    backpropagate(() => loss(inputs, labels), variables);
  const update = (gradients: tf.NamedTensorMap, rates: tf.Tensor1D, step: tf.Scalar) => {
    optimizer.update(run.clipNorm ? clipByGlobalNorm(gradients, run.clipNorm) : gradients, rates);
    average.update(step);
  };

  const inOnePass = (): Step => {
    const step = prepared((inputs: tf.Tensor2D, labels: tf.Tensor2D, rates: tf.Tensor1D, step: tf.Scalar) => {
      const { value, gradients } = gradientsOf(inputs, labels);
      update(gradients, rates, step);
      return value;
    });
    return (...all) => step(...all).dataSync()[0]!;
  };
  const inPasses = (passCount: number): Step => {
    const sum = own(new GradientSum(variables));
    const accumulate = prepared((inputs: tf.Tensor2D, labels: tf.Tensor2D) => {
      const { value, gradients } = gradientsOf(inputs, labels);
      sum.add(gradients, tf.scalar(1 / passCount));
      return value;
    });
    const finish = prepared((rates: tf.Tensor1D, step: tf.Scalar) => {
      sum.take((gradients) => update(gradients, rates, step));
      return [];
    });
    return (inputs, labels, rates, step) => {
      const partsOf = (tensor: tf.Tensor2D) => tf.split(tensor, passCount) as tf.Tensor2D[];
      const [parts, partLabels] = [partsOf(inputs), partsOf(labels)];
      const losses = parts.map((part, pass) => accumulate(part, partLabels[pass]!).dataSync()[0]!);
      finish(rates, step);
      return losses.reduce((total, one) => total + one, 0) / passCount;
    };
  };

  const step = run.passes === undefined ? inOnePass() : inPasses(run.passes);
  const losses = Array.from({ length: network.stepCount }, (_, index) =>
    tf.tidy(() => {
      const { rates, step: number } = optimizer.nextStep(run.rates?.[index] ?? network.learningRate);
      return step(inputs, labels, rates, number);
    }),
  );
  const numbers = () => variables.flatMap((variable) => Array.from(variable.dataSync()));
  const weights = numbers();
  average.swap();
  const averages = numbers();
  for (const one of owned) one.dispose();
  return { losses, weights, averages };
}

describe.each(ways)('%s', (way, prepare) => {
  beforeAll(prepare);

  it.each(network.runs.map((run) => [run.name, run] as const))(
    `%s has the numbers of Keras ${versions.keras} after 20 steps`,
    (_, run) => {
      const before = tf.memory().numTensors;
      const found = train(run, way === 'compiled');
      expect(found.losses).toHaveLength(20);
      expect(largestDifference(found.losses, run.losses)).toBeLessThan(1e-5);
      expect(largestDifference(found.weights, run.weights)).toBeLessThan(1e-5);
      // A momentum of 0 averages nothing.
      expect(largestDifference(found.averages, run.averages ?? run.weights)).toBeLessThan(1e-5);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});
