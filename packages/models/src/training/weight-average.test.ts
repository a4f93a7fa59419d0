import { compile, hasBfloat16 } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClassifier } from '../classifier/classifier.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { noiseImages } from '../numbers.fixture.ts';
import { Adam } from './adam.ts';
import { trainStep } from './train-step.ts';
import { WeightAverage } from './weight-average.ts';

beforeAll(useNativeBackend);

describe('WeightAverage', () => {
  it('follows the rule of Keras: the first step’s weights, then a moving average', () => {
    const weight = tf.variable(tf.tensor1d([1, -1]));
    const average = new WeightAverage([weight], 0.75);
    const seen: number[][] = [];
    for (const [index, value] of [4, 8, 0].entries())
      tf.tidy(() => {
        weight.assign(tf.tensor1d([value, -1]));
        average.update(tf.scalar(index + 1, 'int32'));
        average.swap();
        seen.push(Array.from(weight.dataSync()));
        average.swap();
        expect(Array.from(weight.dataSync())).toEqual([value, -1]);
      });
    expect(seen).toEqual([
      [4, -1],
      [5, -1],
      [3.75, -1],
    ]);
    average.dispose();
    weight.dispose();
  });

  it('has exactly the value of a weight that does not change', () => {
    const weight = tf.variable(tf.tensor1d([0.1, 1 / 3, -123.456]));
    const average = new WeightAverage([weight], 0.9);
    for (let step = 1; step < 20; step += 1) tf.tidy(() => average.update(tf.scalar(step, 'int32')));
    const expected = weight.dataSync().slice();
    average.swap();
    expect(weight.dataSync()).toEqual(expected);
    average.dispose();
    weight.dispose();
  });

  it('restarts at the current weights, whatever it was before', () => {
    const weight = tf.variable(tf.tensor1d([Number.NaN, 1]));
    const average = new WeightAverage([weight], 0.9);
    tf.tidy(() => average.update(tf.scalar(1, 'int32')));
    tf.tidy(() => weight.assign(tf.tensor1d([3, 4])));
    average.restart();
    average.swap();
    expect(Array.from(weight.dataSync())).toEqual([3, 4]);
    tf.tidy(() => average.update(tf.scalar(1, 'int32')));
    average.swap();
    expect(Array.from(weight.dataSync())).toEqual([3, 4]);
    average.dispose();
    weight.dispose();
  });

  it('leaks no tensor', () => {
    const weight = tf.variable(tf.ones([3]));
    const before = tf.memory().numTensors;
    const average = new WeightAverage([weight], 0.9);
    tf.tidy(() => average.update(tf.scalar(1, 'int32')));
    average.swap();
    average.dispose();
    expect(tf.memory().numTensors).toBe(before);
    weight.dispose();
  });
});

const precisions = ['float32', ...(hasBfloat16() ? (['bfloat16'] as const) : [])] as const;

describe.each(precisions)('averages in a compiled step in %s', (precision) => {
  it('are those of the weights after each step, in float32, and change no bit of the weights', () => {
    const [momentum, stepCount] = [0.8, 6];
    const run = (averages: boolean) => {
      const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
      const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 5 });
      const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
      const averaged = [...view.variables, ...view.statistics];
      const [adam, average] = [new Adam(view.variables), new WeightAverage(averaged, momentum)];
      const images = view.prefix(noiseImages(8, 32));
      const labels = tf.tensor1d([0, 1, 2, 1, 0, 2, 1, 0], 'int32');
      const train = compile(
        (activations: tf.Tensor, labels: tf.Tensor1D, rates: tf.Tensor1D, step: tf.Scalar) =>
          trainStep(view, adam, { activations, labels, rates, step }, averages ? { average } : {}),
        { precision, optimizes: precision === 'bfloat16' },
      );
      const history: Float32Array[][] = [];
      for (let index = 0; index < stepCount; index += 1) {
        tf.tidy(() => {
          const { rates, step } = adam.nextStep(1e-2);
          train(images, labels, rates, step).dataSync();
        });
        history.push(averaged.map((variable) => variable.dataSync<'float32'>().slice()));
      }
      average.swap();
      const found = averaged.map((variable) => variable.dataSync<'float32'>().slice());
      train.dispose();
      adam.dispose();
      average.dispose();
      classifier.dispose();
      tf.dispose([images, labels]);
      return { history, found };
    };
    const { history, found } = run(true);
    expect(history).toEqual(run(false).history);
    const differences = found.map((values, which) => {
      const expected = history
        .slice(1)
        .reduce(
          (average, now) => average.map((value, at) => momentum * value + (1 - momentum) * now[which]![at]!),
          Float64Array.from(history[0]![which]!),
        );
      const size = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      return values.reduce((largest, value, at) => Math.max(largest, Math.abs(value - expected[at]!)), 0) / size;
    });
    // One rounding to bfloat16 would be an error of up to 4e-3.
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });
});
