/** Computes with Chorus what backbones.py computes with Keras. */
import {
  Adam,
  backpropagate,
  type Classifier,
  createClassifier,
  crossEntropy,
  type FineTuneView,
  variantOf,
} from '@chorus/models';
import tf from '@chorus/tfjs';
import type { GoldenCase } from './cases.ts';
import { images, labels, weight } from './formula.ts';
import { takeSteps } from './take-steps.ts';
import { inWay, training, type Way } from './way.ts';

const imageCount = 16;
const stepCount = 3;
const learningRate = 1e-5;
/** Streams of the formula; a model's weights use consecutive streams from the case's first one, in order. */
const streams = { batch: 0, other: 3 };

/** Creates a classifier with the formula's weights and one logit. The caller disposes it. */
export function buildCase(golden: GoldenCase, inputSize: number, classes: string[] = ['0', '1']): Classifier {
  const { family, variant, firstStream } = golden;
  // Drawing the backbone's kernels at random as well would take a second for a large one.
  const classifier = createClassifier({
    ...{ backbone: { family, variant, inputSize }, classes, seed: 0, initializes: 'head' as const },
  });
  if (latest.name !== golden.name) latest = { name: golden.name, values: new Map() };
  const { weights, backboneWeights } = classifier;
  for (const [place, { weightName, shape, variable }] of weights.entries()) {
    // Moving statistics come from a batch.
    if (weightName.startsWith('moving_')) continue;
    const values = latest.values.get(place) ?? weight(firstStream + place, weightName, shape);
    if (place < backboneWeights.length) latest.values.set(place, values);
    tf.tidy(() => variable.assign(tf.tensor(values, [...shape])));
  }
  return classifier;
}

/** Returns pooled features [16, width] of a batch in training mode and, with that batch's statistics, of another in inference. */
export function measureFeatures(
  golden: GoldenCase,
  inputSize: number,
  way: Way,
): { training: Float32Array; inference: Float32Array } {
  const classifier = withFeaturesAsLogits(golden, inputSize);
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const features = (pixels: tf.Tensor4D) => classifier.features(pixels);
  const trained = (activations: tf.Tensor) => view.suffix(activations, { training: true });
  try {
    return tf.tidy(() => {
      const batch = view.prefix(images(streams.batch, imageCount, inputSize));
      view.recalibrateBatchNorm([batch.clone()]);
      const other = images(streams.other, imageCount, inputSize);
      return {
        inference: inWay(way, features, (features) => features(other).dataSync<'float32'>()),
        training: inWay(way, trained, (trained) => trained(batch).dataSync<'float32'>(), training),
      };
    });
  } finally {
    classifier.dispose();
  }
}

/** By index in `classifier.weights`. */
type Tensors = Map<number, Float32Array>;

export interface Training {
  /** Loss before each step. */
  losses: number[];
  /** Gradients of the first step, with batch statistics and with moving statistics. */
  gradients: Tensors;
  gradientsByMoving: Tensors;
  /** Changes by three Adam steps, including the BatchNorm statistics. */
  changes: Tensors;
}

/**
 * Computes gradients, then three steps on one batch. Moving statistics that train start at their initial values.
 *
 * @param statistics moving means and variances, concatenated in the order of the weights.
 */
export function measureTraining(
  golden: GoldenCase,
  range: 'all' | 'suffix',
  statistics: Float32Array,
  way: Way,
): Training {
  const { trainingSize, suffixLayers } = golden.numbers!;
  const classifier = buildCase(golden, trainingSize);
  setStatistics(classifier, statistics);
  const trainable = range === 'all' ? range : { lastLayers: suffixLayers };
  const view = classifier.fineTuneView(trainable, { batchNorm: 'batch' });
  const batch = tf.tidy(() => ({
    activations: view.prefix(images(streams.batch, imageCount, trainingSize)),
    labels: tf.tensor1d(labels(imageCount), 'int32'),
  }));
  const gradientsByMoving = gradientsOf(
    classifier,
    classifier.fineTuneView(trainable, { batchNorm: 'moving' }),
    batch,
    way,
  );
  const before = view.snapshot();
  const gradients = gradientsOf(classifier, view, batch, way);
  before.restore();
  startAfresh(classifier, view);
  const first = classifier.weights.map(({ variable }) => variable.dataSync<'float32'>().slice());
  const adam = new Adam(view.variables);
  const losses = takeSteps(view, adam, batch, { stepCount, learningRate, way });
  const changes: Tensors = new Map();
  for (const [place, { variable }] of classifier.weights.entries()) {
    const change = variable.dataSync<'float32'>().map((value, index) => value - first[place]![index]!);
    if (change.some((one) => one !== 0)) changes.set(place, change);
  }
  adam.dispose();
  before.dispose();
  tf.dispose(batch);
  classifier.dispose();
  return { losses, gradients, gradientsByMoving, changes };
}

/** Returns preprocessed pixels of every value, 0 … 255 and 0, 1 again. */
export function measurePreprocessing({ preprocessing }: Classifier): Float32Array {
  const pixels = Float32Array.from({ length: 258 }, (_, index) => index % 256);
  return tf.tidy(() => preprocessing.apply(tf.tensor4d(pixels, [1, 1, 86, 3])).dataSync<'float32'>());
}

// --- internal ---

/** The backbone's weights of the latest case, by index: up to 22 million numbers, from which its tests build several models. */
let latest: { name: string; values: Map<number, Float32Array> } = { name: '', values: new Map() };

function setStatistics({ weights }: Classifier, statistics: Float32Array): void {
  let at = 0;
  for (const { weightName, shape, variable } of weights) {
    if (!weightName.startsWith('moving_')) continue;
    const values = statistics.subarray(at, at + variable.size);
    tf.tidy(() => variable.assign(tf.tensor(values, [...shape])));
    at += variable.size;
  }
  if (at !== statistics.length) throw new Error(`expected ${at} statistics, received ${statistics.length}`);
}

/** Resets the BatchNorm layers that train to the initial statistics of Keras. */
function startAfresh({ weights }: Classifier, view: FineTuneView): void {
  const learning = new Set(view.variables);
  const layers = new Set(weights.filter(({ variable }) => learning.has(variable)).map(({ layerName }) => layerName));
  for (const { layerName, weightName, variable } of weights) {
    if (!layers.has(layerName)) continue;
    if (weightName === 'moving_mean') tf.tidy(() => variable.assign(tf.zerosLike(variable)));
    if (weightName === 'moving_variance') tf.tidy(() => variable.assign(tf.onesLike(variable)));
  }
}

/** A head with one class per feature and the identity as its kernel, which is the only way to get features in training mode. */
function withFeaturesAsLogits(golden: GoldenCase, inputSize: number): Classifier {
  const width = variantOf(golden).featureWidth;
  const classifier = buildCase(
    golden,
    inputSize,
    Array.from({ length: width }, (_, index) => `${index}`),
  );
  const [kernel, bias] = classifier.weights.slice(-2).map(({ variable }) => variable) as [tf.Variable, tf.Variable];
  tf.tidy(() => {
    kernel.assign(tf.eye(width));
    bias.assign(tf.zeros([width]));
  });
  return classifier;
}

/** Computes gradients of the mean cross-entropy with the backward pass of training. */
function gradientsOf(
  { weights }: Classifier,
  view: FineTuneView,
  { activations, labels }: { activations: tf.Tensor; labels: tf.Tensor1D },
  way: Way,
): Tensors {
  const backward = (activations: tf.Tensor, labels: tf.Tensor1D) => {
    const loss = () => crossEntropy(view.suffix(activations, { training: true }), labels);
    return tf.tidy(() => backpropagate(loss, view.variables).gradients);
  };
  const gradients = inWay(way, backward, (backward) => backward(activations, labels), training);
  const found = weights.flatMap(({ variable }, place) => {
    const gradient = gradients[variable.name];
    return gradient === undefined ? [] : [[place, gradient.dataSync<'float32'>()] as const];
  });
  tf.dispose(gradients);
  return new Map(found);
}
