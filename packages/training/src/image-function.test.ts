import { createPixelStore, PixelStore } from '@chorus/data';
import { backpropagate, type Classifier, createClassifier, crossEntropy, fillView, viewsOf } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ActivationCache } from './activation-cache.ts';
import { computeIn, publishImages } from './engines.fixture.ts';
import { batchesInOrder } from './forward-rows.ts';
import { prepareImageFunction, takeImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { StopFlag } from './stop-flag.ts';

const size = 64;
const imageCount = 6;
const handle = createPixelStore(imageCount, size);
const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
const batch = { indices: Uint32Array.of(0, 1, 2, 3), flips: Uint8Array.of(0, 1, 0, 1) };

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  publishImages(handle, (image, index) => {
    const [row, column, channel] = [Math.floor(index / (3 * size)), Math.floor(index / 3) % size, index % 3];
    return 127 + 120 * Math.sin((row * (image + 1) + column * (channel + 2)) / 20);
  });
});

/** A classifier whose BatchNorm layers have the statistics of the images, so that its outputs differ between images. */
function livelyClassifier(): Classifier {
  const backbone = { family: 'mobilenet-v2', alpha: 0.35, inputSize: size } as const;
  const classifier = createClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 1 });
  // As in trained networks, no BatchNorm layer amplifies the rounding of the one before it.
  for (const { weightName, variable } of classifier.weights) {
    const value = { gamma: 0.6, beta: 0.7 }[weightName];
    if (value !== undefined) tf.tidy(() => variable.assign(tf.fill(variable.shape, value)));
  }
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const pixels = images.read(batch);
  view.recalibrateBatchNorm([view.prefix(pixels)]);
  pixels.dispose();
  return classifier;
}

function relativeDifference(values: Float32Array, expected: Float32Array): number {
  const norm = (numbers: Float32Array) => Math.sqrt(numbers.reduce((sum, one) => sum + one * one, 0));
  return norm(values.map((value, index) => value - expected[index]!)) / norm(expected);
}

describe('an image function', () => {
  it.each(['logits', 'features', { cut: 'block_5_add' }] as const)(
    'has the same output in both engines, and keeps no tensor: %j',
    async (output) => {
      const classifier = livelyClassifier();
      const before = tf.memory().numTensors;
      const rows: Float32Array[] = [];
      for (const engine of ['tensorflow', 'onnxruntime'] as const) {
        const prepared = await prepareImageFunction(classifier, { output, rowCount: 4 }, computeIn[engine]);
        rows.push(await prepared.rows(images, batch));
        await prepared.dispose();
      }
      expect(tf.memory().numTensors).toBe(before);
      const [tensorflow, onnxruntime] = rows as [Float32Array, Float32Array];
      expect(onnxruntime).toHaveLength(tensorflow.length);
      expect(relativeDifference(onnxruntime, tensorflow)).toBeLessThan(1e-5);
      const perImage = tensorflow.length / 4;
      expect(relativeDifference(tensorflow.slice(0, perImage), tensorflow.slice(-perImage))).toBeGreaterThan(1e-2);
      classifier.dispose();
    },
  );

  it('has the same output of crops in both engines, which is that of the part of the image', async () => {
    const classifier = livelyClassifier();
    const views = viewsOf('scales');
    const [crops] = batchesInOrder(Uint32Array.of(2), views);
    const rows: Float32Array[] = [];
    for (const engine of ['tensorflow', 'onnxruntime'] as const) {
      const options = { output: 'logits', rowCount: views.length, hasCrops: true } as const;
      const prepared = await prepareImageFunction(classifier, options, computeIn[engine]);
      rows.push(await prepared.rows(images, crops!));
      await prepared.dispose();
    }
    const [tensorflow, onnxruntime] = rows as [Float32Array, Float32Array];
    expect(relativeDifference(onnxruntime, tensorflow)).toBeLessThan(1e-5);
    const own = tf.tidy(() => {
      const part = Float32Array.from({ length: size * size * 3 });
      fillView(new PixelStore(handle).pixels(2), size, views[4]!, part);
      return classifier.logits(tf.tensor4d(part, [1, size, size, 3])).dataSync<'float32'>();
    });
    expect(relativeDifference(tensorflow.subarray(12, 15), own)).toBeLessThan(1e-5);
    expect(relativeDifference(tensorflow.subarray(0, 3), own)).toBeGreaterThan(1e-3);
    classifier.dispose();
  });

  it.each(['tensorflow', 'onnxruntime'] as const)('that owns its classifier disposes it, in %s', async (engine) => {
    const before = tf.memory().numTensors;
    const options = { output: 'logits', rowCount: 4 } as const;
    const prepared = await takeImageFunction(livelyClassifier(), options, computeIn[engine]);
    expect(await prepared.rows(images, batch)).toHaveLength(4 * 3);
    await prepared.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the seam between a front in onnxruntime and layers that train in TensorFlow', () => {
  it('gives the first step the loss and the gradients of TensorFlow alone', async () => {
    const classifier = livelyClassifier();
    const view = classifier.fineTuneView({ lastLayers: 40 }, { batchNorm: 'moving' });
    const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
    const steps: { loss: Float32Array; gradients: Float32Array[] }[] = [];
    for (const engine of ['tensorflow', 'onnxruntime'] as const) {
      const cache = new ActivationCache({ classifier, view, images }, batch.indices, 2);
      expect(await cache.compute(1e9, { stop: new StopFlag(), compute: computeIn[engine] })).toBeGreaterThan(0);
      steps.push(
        tf.tidy(() => {
          const step = tf.scalar(0, 'int32');
          const activations = cache.activations(cache.input(batch));
          const { value, gradients } = backpropagate(
            () => crossEntropy(view.suffix(activations, { training: true, step }), labels, { labelSmoothing: 0 }),
            view.variables,
          );
          return {
            loss: value.dataSync<'float32'>(),
            gradients: Object.values(gradients).map((one) => one.dataSync<'float32'>()),
          };
        }),
      );
    }
    const [tensorflow, seam] = steps as [(typeof steps)[0], (typeof steps)[0]];
    expect(relativeDifference(seam.loss, tensorflow.loss)).toBeLessThan(1e-5);
    expect(seam.gradients.length).toBeGreaterThan(10);
    const all = ({ gradients }: (typeof steps)[0]) => Float32Array.from(gradients.flatMap((one) => [...one]));
    expect(relativeDifference(all(seam), all(tensorflow))).toBeLessThan(1e-5);
    labels.dispose();
    classifier.dispose();
  });
});
