/** Compares gradual unfreezing over 20 steps with Keras: `recipes.json`, written and explained by `recipes.py`. */
import { Adam, createClassifier, type FineTuneRange } from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, expect, it } from 'vitest';
import recipes from '../recipes.json' with { type: 'json' };
import { images, labels, weight } from './formula.ts';
import { takeSteps } from './take-steps.ts';
import { ways } from './way.ts';

const { unfreezing: golden } = recipes;
const [imageCount, inputSize, pixels] = [16, 32, 1000];

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
});

it.each(ways)('has the losses and logits of Keras when more blocks train after ten steps, %s', (way) => {
  const classifier = createClassifier({
    ...{ backbone: { family: 'mobilenet', alpha: 0.25, inputSize }, classes: ['0', '1'], seed: 0 },
  });
  for (const [stream, { weightName, shape, variable }] of classifier.weights.entries())
    tf.tidy(() => variable.assign(tf.tensor(weight(stream, weightName, shape), [...shape])));
  const raw = images(pixels, imageCount, inputSize);
  const ranges: FineTuneRange[] = [{ lastBlocks: 2 }, { lastBlocks: 4 }];
  for (const [index, range] of ranges.entries()) {
    const expected = golden.stages[index]!;
    const view = classifier.fineTuneView(range, { batchNorm: 'moving' });
    expect(view.variables).toHaveLength(expected.trainable);
    const batch = { activations: view.prefix(raw), labels: tf.tensor1d(labels(imageCount), 'int32') };
    const adam = new Adam(view.variables);
    const { stepCount, learningRate } = golden;
    const losses = takeSteps(view, adam, batch, { stepCount, learningRate, way });
    adam.dispose();
    tf.dispose([batch.activations, batch.labels]);
    expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-5);
    const logits = tf.tidy(() => Array.from(classifier.logits(raw).dataSync()));
    expect(largestDifference(logits, expected.logits)).toBeLessThan(1e-4);
  }
  raw.dispose();
  classifier.dispose();
});

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  return found.reduce((largest, one, index) => Math.max(largest, Math.abs(one - expected[index]!)), 0);
}
