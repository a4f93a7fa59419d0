import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackboneSpec } from '../backbones/table.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { livelyClassifier, smoothImages } from '../export/lively-classifier.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { classifierModel, classifierValues } from './classifier-model.ts';
import { relativeError, runOnnx, spread } from './onnxruntime.fixture.ts';

useNativeBackend();

const imageCount = 4;

describe.each<BackboneSpec & { cut: string; logitsLimit?: number }>([
  { family: 'mobilenet', alpha: 0.25, inputSize: 32, cut: 'conv_pw_3_relu' },
  // An odd size: padding differs from side to side.
  { family: 'mobilenet', alpha: 0.5, inputSize: 75, cut: 'conv_pad_2' },
  { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32, cut: 'block_2_add' },
  { family: 'mobilenet-v2', alpha: 0.5, inputSize: 97, cut: 'Conv1' },
  { family: 'inception-v3', alpha: 1, inputSize: 75, cut: 'mixed2' },
  { family: 'inception-v3', alpha: 1, inputSize: 107, cut: 'mixed9' },
  // The fixture's head subtracts nearly equal terms: their norm is 500 to 700 times that of the logits, so that features that
  // agree to 3e-7 give logits that agree to 2e-5.
  { family: 'xception', alpha: 1, inputSize: 71, cut: 'block4_pool', logitsLimit: 3e-5 },
  { family: 'xception', alpha: 1, inputSize: 96, cut: 'block14_sepconv1_bn', logitsLimit: 3e-5 },
  { family: 'efficientnet-lite0', inputSize: 160, cut: 'blocks.2.1.add' },
  { family: 'efficientnet-lite0', inputSize: 97, cut: 'blocks.5.0.conv_dw' },
])('$family, $inputSize px', ({ cut, logitsLimit = 1e-5, ...backbone }) => {
  let classifier: Classifier;
  let images: tf.Tensor4D;
  beforeAll(() => {
    classifier = livelyClassifier({ backbone, classes: ['a', 'b', 'c'], seed: 2, dropout: 0.5 });
    images = smoothImages(imageCount, backbone.inputSize, 3);
  });
  afterAll(() => {
    classifier.dispose();
    images.dispose();
  });

  it.each([
    { name: 'logits', output: 'logits', layer: 'head' },
    { name: 'features', output: 'features', layer: 'pooled' },
    { name: `activations at ${cut}`, output: { cut }, layer: cut },
    { name: 'preprocessed pixels', output: { cut: 'input' }, layer: 'input' },
  ] as const)('$name are those of TensorFlow', async ({ output, layer }) => {
    const expected = classifier.activations(images, layer);
    const found = await runOnnx(classifierModel(classifier, output), { [classifierValues.image]: images });
    expect(found.shape).toEqual(expected.shape);
    const wanted = expected.dataSync<'float32'>();
    expect(spread(wanted, imageCount)).toBeGreaterThan(0.02);
    expect(relativeError(found.values, wanted)).toBeLessThan(output === 'logits' ? logitsLimit : 1e-5);
    expected.dispose();
  });
});

describe('a small classifier', () => {
  const backbone: BackboneSpec = { family: 'mobilenet', alpha: 0.25, inputSize: 32 };

  it('accepts raw BGR pixels, two classes, and one image or many', async () => {
    const classifier = livelyClassifier({ backbone, classes: ['a', 'b'], seed: 1, preprocessing: 'raw-bgr' });
    const model = classifierModel(classifier, 'logits');
    for (const count of [1, 5]) {
      const images = smoothImages(count, 32, 3);
      const expected = tf.tidy(() => classifier.logits(images).dataSync<'float32'>().slice());
      const found = await runOnnx(model, { [classifierValues.image]: images });
      expect(found.shape).toEqual([count, 1]);
      expect(relativeError(found.values, expected)).toBeLessThan(1e-5);
      images.dispose();
    }
    classifier.dispose();
  });

  it('leaks no tensor, stays as it is, and gives the same bytes again', () => {
    const classifier = livelyClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    const before = tf.memory().numTensors;
    const weights = classifier.weights.map(({ variable }) => variable.dataSync().slice());
    const first = classifierModel(classifier, 'logits');
    expect(Buffer.from(classifierModel(classifier, 'logits')).equals(first)).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
    expect(classifier.weights.map(({ variable }) => variable.dataSync())).toEqual(weights);
    classifier.dispose();
  });

  it('takes little more memory than its weights', () => {
    const classifier = livelyClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    const numbers = classifier.weights.reduce((sum, { variable }) => sum + variable.size, 0);
    // Folded BatchNorm leaves one bias of its four vectors.
    const size = classifierModel(classifier, 'logits').length;
    expect(size).toBeLessThan(4 * numbers);
    expect(size).toBeGreaterThan(3.5 * numbers);
    classifier.dispose();
  });

  it('has no cut point of an unknown name', () => {
    const classifier = livelyClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    expect(() => classifierModel(classifier, { cut: 'none' })).toThrow('the graph has no layer none');
    classifier.dispose();
  });
});
