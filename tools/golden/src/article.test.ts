/**
 * Compares a member of "Destroy Image Classification by Ensemble of Pre-trained models" (Vardan Agarwal, 2020) with Keras,
 * number by number: `article.json`, written and explained by `article.py`.
 */
import { Adam, type Classifier, createClassifier, type FromLogitsOnSigmoid } from '@chorus/models';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../article.json' with { type: 'json' };
import { images, labels, weight } from './formula.ts';
import { takeSteps } from './take-steps.ts';
import { type Way, ways } from './way.ts';

const [imageCount, inputSize] = [16, 32];
/** Stream of the pixels in the formula; weights use the streams 0, 1, … */
const pixels = 1000;
const stepCount = 3;
/** Momentum of MobileNet's BatchNorm layers in Keras. */
const momentum = 0.99;

beforeAll(() => {
  prepareProcess();
  initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
});

function articleMember(): Classifier {
  const classifier = createClassifier({
    backbone: { family: 'mobilenet', alpha: 0.25, inputSize },
    classes: ['cats', 'dogs'],
    preprocessing: 'raw-bgr',
    seed: 0,
  });
  setWeights(firstValues(classifier));
  return classifier;
}

type Weight = Classifier['weights'][number];

function setWeights(values: ReadonlyMap<Weight, Float32Array>): void {
  tf.tidy(() => {
    for (const [{ variable, shape }, numbers] of values) variable.assign(tf.tensor(numbers, [...shape]));
  });
}

/** The first BatchNorm receives raw pixels, so its statistics have their scale. */
function firstValues({ weights }: Classifier): Map<Weight, Float32Array> {
  const scales: Record<string, number> = { 'conv1_bn/moving_mean': 200, 'conv1_bn/moving_variance': 160_000 };
  return new Map(
    weights.map((one, stream) => {
      const scale = scales[`${one.layerName}/${one.weightName}`] ?? 1;
      return [one, weight(stream, one.weightName, one.shape).map((value) => value * scale)];
    }),
  );
}

/** Runs three steps on one batch, training all layers; returns the loss before each. */
function threeSteps(classifier: Classifier, fromLogitsOnSigmoid: FromLogitsOnSigmoid, way: Way): number[] {
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const batch = {
    activations: tf.tidy(() => view.prefix(images(pixels, imageCount, inputSize))),
    labels: tf.tensor1d(labels(imageCount), 'int32'),
  };
  const adam = new Adam(view.variables);
  const losses = takeSteps(view, adam, batch, { stepCount, learningRate: 1e-4, fromLogitsOnSigmoid, way });
  adam.dispose();
  tf.dispose(batch);
  return losses;
}

/** Returns the probability of the second class, in inference mode. */
function predictions(classifier: Classifier): number[] {
  return tf.tidy(() => Array.from(tf.sigmoid(classifier.logits(images(pixels, imageCount, inputSize))).dataSync()));
}

/**
 * Sets the moving variances to those of tf_keras after the same batches: its fused BatchNorm uses the unbiased variance,
 * n / (n − 1) times the biased variance that Chorus and Keras 3 use.
 */
function useUnbiasedVariances(classifier: Classifier): void {
  const values = new Map<Weight, Float32Array>();
  for (const [one, first] of firstValues(classifier)) {
    if (one.weightName !== 'moving_variance') continue;
    const n = imageCount * pixelsOf(classifier, one.layerName);
    const kept = momentum ** stepCount;
    const biased = one.variable.dataSync();
    const unbiased = first.map((start, index) => kept * start + (n / (n - 1)) * (biased[index]! - kept * start));
    values.set(one, unbiased);
  }
  setWeights(values);
}

function pixelsOf({ model }: Classifier, layerName: string): number {
  const [, height, width] = model.getLayer(layerName).outputShape as number[];
  return height! * width!;
}

/** Returns the norms of the changes since the first values, by layer and weight. */
function changes(classifier: Classifier): Map<string, number> {
  return new Map(
    Array.from(firstValues(classifier), ([{ layerName, weightName, variable }, first]) => {
      const squares = variable.dataSync<'float32'>().map((value, index) => (value - first[index]!) ** 2);
      const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      return [`${layerName}/${weightName}`, norm];
    }),
  );
}

function largestRelativeDifference(found: readonly number[], expected: readonly number[]): number {
  return largestDifference(
    found.map((one, index) => one / expected[index]!),
    expected.map(() => 1),
  );
}

describe.each(ways)('a member trained as in the article, %s', (way) => {
  it.each([
    ['tf_keras 2.21', golden.member.tfKeras, 'cached-logits', { unbiased: true }],
    ['Keras 3 on TensorFlow', golden.member.keras3OnTensorFlow, 'cached-logits', { unbiased: false }],
    ['the loss of TensorFlow 2.1 and 2.2', golden.member.tensorFlow22Loss, 'probabilities', { unbiased: true }],
  ] as const)('has the numbers of %s', (_, expected, fromLogitsOnSigmoid, { unbiased }) => {
    const classifier = articleMember();
    expect(classifier.weights).toHaveLength(expected.weightTensors);
    expect(largestDifference(predictions(classifier), expected.firstPredictions)).toBeLessThan(1e-5);
    // Measured on one CPU: losses within 5e-6, changes within 2e-5 of their size, predictions within 2e-5.
    const losses = threeSteps(classifier, fromLogitsOnSigmoid, way);
    expect(largestRelativeDifference(losses, expected.losses)).toBeLessThan(1e-4);
    if (unbiased) useUnbiasedVariances(classifier);
    const found = changes(classifier);
    const changed = Object.keys(expected.changes).map((name) => found.get(name)!);
    expect(largestRelativeDifference(changed, Object.values(expected.changes))).toBeLessThan(2e-4);
    expect(largestDifference(predictions(classifier), expected.predictions)).toBeLessThan(1e-4);
    classifier.dispose();
  });
});

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  return found.reduce((largest, one, index) => Math.max(largest, Math.abs(one - expected[index]!)), 0);
}
