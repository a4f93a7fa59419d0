import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { Adam } from './adam.ts';
import { type Optimizer, restartOptimizer } from './optimizer.ts';
import { Sgd } from './sgd.ts';

beforeAll(useNativeBackend);

it.each<[string, (variables: tf.Variable[]) => Optimizer]>([
  ['Adam', (variables) => new Adam(variables)],
  ['SGD', (variables) => new Sgd(variables, { momentum: 0.9, nesterov: true })],
])('restartOptimizer makes %s take the same steps as a new one, even after NaN', (_, create) => {
  const before = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, -2])));
  const optimizer = create([variable]);
  const step = (gradient: number[]) =>
    tf.tidy(() => optimizer.update({ [variable.name]: tf.tensor1d(gradient) }, optimizer.nextStep(0.1).rates));
  const after = (gradients: number[][]) => {
    tf.tidy(() => variable.assign(tf.tensor1d([1, -2])));
    for (const gradient of gradients) step(gradient);
    return Array.from(variable.dataSync());
  };
  const wanted = after([
    [0.5, 1],
    [0.25, -1],
  ]);
  step([Number.NaN, Number.POSITIVE_INFINITY]);
  restartOptimizer(optimizer);
  expect(optimizer.stepCount).toBe(0);
  expect(
    after([
      [0.5, 1],
      [0.25, -1],
    ]),
  ).toEqual(wanted);
  optimizer.dispose();
  variable.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
