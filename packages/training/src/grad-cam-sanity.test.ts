/**
 * The sanity check of Adebayo et al., "Sanity Checks for Saliency Maps" (2018): maps that explain a model change when its weights
 * are shuffled, from the head to the input. Some other saliency methods hardly change, because they show edges of the image.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '@chorus/data';
import {
  type Classifier,
  createClassifier,
  fitStacker,
  gradCam,
  loadBackboneWeights,
  philoxUniform,
  toHeatMap,
} from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const shared = join(import.meta.dirname, '../../../../shared/data');
const weightFile = join(shared, 'pretrained/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5');
/** Maps of 7 × 7. */
const inputSize = 224;
const folders = ['cats', 'dogs'];
const perClass = 20;
/** The first photographs of each class are explained, by a head that is trained on the others. */
const explainedPerClass = 4;

const hasFiles = existsSync(shared);
if (!hasFiles) console.warn(`no weights and photographs in ${shared}: the sanity check of Grad-CAM is skipped`);

async function readPhotographs(folder: string): Promise<Uint8Array[]> {
  const place = join(shared, 'cats-vs-dogs/validation', folder);
  const names = (await readdir(place)).toSorted().slice(0, perClass);
  const options = { background: 'white', resize: 'antialiased', maxPixels: 1e8, timeoutMs: 60_000 } as const;
  return Promise.all(names.map(async (name) => (await decodeImage(join(place, name), [inputSize], options))[0]!));
}

function imagesTensor(images: readonly Uint8Array[]): tf.Tensor4D {
  return tf.tidy(() => tf.stack(images.map((image) => tf.tensor3d(image, [inputSize, inputSize, 3])))) as tf.Tensor4D;
}

/** Fits the head by logistic regression on pooled features. */
function fitHead(classifier: Classifier, images: readonly Uint8Array[], labels: readonly number[]): void {
  const features = tf.tidy(() => classifier.features(imagesTensor(images)).dataSync<'float32'>());
  const options = { classCount: 2, seed: 1, features: new Map([[0, features]]) };
  const stacker = fitStacker('features', [new Float32Array(images.length)], labels, options).toJSON();
  if (stacker.kind !== 'features') throw new Error(`expected the stacker features, received ${stacker.kind}`);
  const [kernel, bias] = classifier.weights.slice(-2);
  tf.tidy(() => {
    kernel!.variable.assign(tf.tensor2d(stacker.kernel, [classifier.featureWidth, 1]));
    bias!.variable.assign(tf.tensor1d(stacker.bias));
  });
}

/** Evidence for the second class, one map per image. */
function evidenceOf(classifier: Classifier, images: readonly Uint8Array[]): Float32Array[] {
  return tf.tidy(() => {
    const ofLogit = tf.oneHot(tf.zeros([images.length], 'int32'), 1 + classifier.featureWidth).toFloat() as tf.Tensor2D;
    const [evidence] = gradCam(classifier, imagesTensor(images), [ofLogit]);
    return tf.unstack(evidence!).map((map) => map.dataSync<'float32'>().slice());
  });
}

/** Shuffles the values of each weight among themselves. */
function shuffleWeights(weights: Classifier['weights']): void {
  for (const [stream, { variable }] of weights.entries()) {
    const values = variable.dataSync<'float32'>().slice();
    const keys = philoxUniform([7, stream], values.length);
    const order = Uint32Array.from(keys.keys()).toSorted((a, b) => keys[a]! - keys[b]!);
    tf.tidy(() =>
      variable.assign(
        tf.tensor(
          Float32Array.from(order, (index) => values[index]!),
          variable.shape,
        ),
      ),
    );
  }
}

/** Spearman's rank correlation. */
function rankCorrelation(a: Float32Array, b: Float32Array): number {
  const [ranksOfA, ranksOfB] = [a, b].map(ranks) as [number[], number[]];
  const mean = (a.length - 1) / 2;
  const covariance = ranksOfA.reduce((sum, rank, index) => sum + (rank - mean) * (ranksOfB[index]! - mean), 0);
  return covariance / ranksOfA.reduce((sum, rank) => sum + (rank - mean) ** 2, 0);
}

function ranks(values: Float32Array): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (const [rank, index] of order.entries()) found[index] = rank;
  return found;
}

describe.skipIf(!hasFiles)('with the weights and photographs in ../shared', () => {
  let classifier: Classifier;
  let explained: Uint8Array[];
  let original: Float32Array[];

  beforeAll(async () => {
    initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
    classifier = createClassifier({ backbone: { family: 'mobilenet-v2', inputSize }, classes: folders, seed: 1 });
    await loadBackboneWeights(classifier, { name: weightFile, bytes: await readFile(weightFile) });
    const photographs = await Promise.all(folders.map(readPhotographs));
    const training = photographs.map((images) => images.slice(explainedPerClass));
    fitHead(
      classifier,
      training.flat(),
      training.flatMap((images, label) => images.map(() => label)),
    );
    explained = photographs.flatMap((images) => images.slice(0, explainedPerClass));
    original = evidenceOf(classifier, explained);
  });
  afterAll(() => classifier?.dispose());

  it('the maps do not change if the weights do not', () => {
    expect(evidenceOf(classifier, explained)).toEqual(original);
  });

  it('the maps of a constant and of a black image are finite', () => {
    const plain = [0, 255].map((value) => new Uint8Array(inputSize * inputSize * 3).fill(value));
    for (const values of evidenceOf(classifier, plain)) {
      expect(values.every(Number.isFinite)).toBe(true);
      expect(toHeatMap({ height: 7, width: 7, values }).values.every((one) => one >= 0 && one <= 1)).toBe(true);
    }
  });

  it('the maps change when weights are shuffled, from the head to the input', () => {
    const blocks = ['head', 'Conv_1', 'block_16', 'block_12', 'block_6', ''];
    const similarity: number[] = [];
    let end = classifier.weights.length;
    for (const block of blocks) {
      const start = classifier.weights.findIndex(({ layerName }) => layerName.startsWith(block));
      shuffleWeights(classifier.weights.slice(start, end));
      end = start;
      const correlations = evidenceOf(classifier, explained).map((map, index) =>
        Math.abs(rankCorrelation(map, original[index]!)),
      );
      similarity.push(correlations.reduce((sum, one) => sum + one, 0) / correlations.length);
    }
    // Measured: 0.13 to 0.30; 1 means no change.
    for (const one of similarity) expect(one).toBeLessThan(0.5);
  });
});
