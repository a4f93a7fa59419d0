/**
 * The procedure of "Destroy Image Classification by Ensemble of Pre-trained models" (Vardan Agarwal, 2020), number by
 * number against Keras: `tools/golden/article.json`, which `tools/golden/article.py` beside it writes and explains.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/article.json' with { type: 'json' };
import {
  articleImages,
  articleLabels,
  draw,
  imageCount,
  inputSize,
  streams,
  weight,
} from './article-formula.fixture.ts';
import { type Classifier, createClassifier } from './classifier/classifier.ts';
import { type ModelWeight, setWeights } from './classifier/model-weights.ts';
import { useNativeBackend } from './native-backend.fixture.ts';
import { largestDifference } from './numbers.fixture.ts';
import { DenseNetwork } from './stackers/dense-network.ts';
import { sigmoid } from './stackers/probabilities.ts';
import { ScalarAdam } from './stackers/scalar-adam.ts';
import { Adam } from './training/adam.ts';
import type { FromLogitsOnSigmoid } from './training/cross-entropy.ts';
import { trainStep } from './training/train-step.ts';

const stepCount = 3;
/** Of MobileNet's BatchNorm layers, as Keras has it. */
const momentum = 0.99;

beforeAll(useNativeBackend);

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

function firstValues({ weights }: Classifier): Map<ModelWeight, Float32Array> {
  return new Map(
    weights.map((one, stream) => [one, weight(stream, one.layerName, one.weightName, one.shape)] as const),
  );
}

/** Three steps on one batch, everything trained; losses before each. */
function threeSteps(classifier: Classifier, fromLogitsOnSigmoid: FromLogitsOnSigmoid): number[] {
  const part = classifier.part('all', { batchNorm: 'batch' });
  const images = articleImages();
  const batch = { activations: part.prefix(images), labels: tf.tensor1d(articleLabels(imageCount), 'int32') };
  const adam = new Adam();
  const options = { learningRate: 1e-4, fromLogitsOnSigmoid };
  const losses = Array.from({ length: stepCount }, () => trainStep(part, adam, batch, options));
  adam.dispose();
  tf.dispose([images, batch]);
  return losses;
}

/** Probability of the second class, in inference mode. */
function predictions(classifier: Classifier): number[] {
  return tf.tidy(() => Array.from(classifier.logits(articleImages()).dataSync(), sigmoid));
}

/**
 * tf_keras' fused BatchNorm moves its variance towards the unbiased one, n / (n − 1) times the biased that ours and
 * Keras 3's follow: gives the moving variances what theirs would be after the same batches.
 */
function useUnbiasedVariances(classifier: Classifier): void {
  const values = new Map<ModelWeight, Float32Array>();
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

/** Norms of what changed since the first values, under Keras 3's names. */
function changes(classifier: Classifier): Map<string, number> {
  return new Map(
    Array.from(firstValues(classifier), ([{ layerName, weightName, variable }, first]) => {
      const squares = variable.dataSync<'float32'>().map((value, index) => (value - first[index]!) ** 2);
      const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      return [`${layerName}/${weightName.replace('depthwise_', '')}`, norm];
    }),
  );
}

function largestRelativeDifference(found: readonly number[], expected: readonly number[]): number {
  return largestDifference(
    found.map((one, index) => one / expected[index]!),
    expected.map(() => 1),
  );
}

describe('a member trained as in the article', () => {
  it.each([
    ['tf_keras 2.21', golden.member.tfKeras, 'cached-logits', { unbiased: true }],
    ['Keras 3 on TensorFlow', golden.member.keras3OnTensorFlow, 'cached-logits', { unbiased: false }],
    ['the loss of TensorFlow 2.1 and 2.2', golden.member.tensorFlow22Loss, 'probabilities', { unbiased: true }],
  ] as const)('has the numbers of %s', (_, expected, fromLogitsOnSigmoid, { unbiased }) => {
    const classifier = articleMember();
    expect(classifier.weights).toHaveLength(expected.weightTensors);
    expect(largestDifference(predictions(classifier), expected.firstPredictions)).toBeLessThan(1e-5);
    // Measured on one CPU: losses within 5e-6, changes within 2e-5 of their size, predictions within 2e-5.
    const losses = threeSteps(classifier, fromLogitsOnSigmoid);
    expect(largestRelativeDifference(losses, expected.losses)).toBeLessThan(1e-4);
    if (unbiased) useUnbiasedVariances(classifier);
    const found = changes(classifier);
    const changed = Object.keys(expected.changes).map((name) => found.get(name)!);
    expect(largestRelativeDifference(changed, Object.values(expected.changes))).toBeLessThan(2e-4);
    expect(largestDifference(predictions(classifier), expected.predictions)).toBeLessThan(1e-4);
    classifier.dispose();
  });
});

describe('a dense stacker trained as in the article', () => {
  it.each([
    ['tf_keras 2.21', golden.stacker.tfKeras, 'cached-logits'],
    ['the loss of TensorFlow 2.1 and 2.2', golden.stacker.tensorFlow22Loss, 'probabilities'],
  ] as const)('has the numbers of %s', (_, expected, fromLogitsOnSigmoid) => {
    const [rowCount, memberCount, batchSize] = [96, 3, 32];
    const network = new DenseNetwork(memberCount, 1);
    const { hiddenCount } = DenseNetwork;
    network.hiddenKernel.set(weight(streams.stacker, 'dense', 'kernel', [memberCount, hiddenCount]));
    network.hiddenBias.set(weight(streams.stacker + 1, 'dense', 'bias', [hiddenCount]));
    network.outputKernel.set(weight(streams.stacker + 2, 'dense_1', 'kernel', [hiddenCount, 1]));
    network.outputBias.set(weight(streams.stacker + 3, 'dense_1', 'bias', [1]));
    const answers = Float32Array.from(draw(streams.answers, rowCount * memberCount));
    const rows = articleLabels(rowCount).map((label, row) => ({
      input: Float64Array.from(answers.subarray(row * memberCount, (row + 1) * memberCount)),
      label,
    }));
    const adam = new ScalarAdam(network.weights, 1e-3);
    const losses = expected.losses.map(() => {
      let sum = 0;
      for (let start = 0; start < rowCount; start += batchSize) {
        const batch = rows.slice(start, start + batchSize);
        sum += batch.reduce((total, row) => total + network.loss(row, fromLogitsOnSigmoid), 0);
        adam.step(network.gradient(batch, fromLogitsOnSigmoid));
      }
      return sum / rowCount;
    });
    expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-5);
    expect(largestDifference(network.weights, expected.weights)).toBeLessThan(1e-5);
  });
});
