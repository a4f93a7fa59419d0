/** The ONNX form of EfficientNet-Lite0 with its published weights and ImageNet's head, which need ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { smoothImages } from '../export/lively-classifier.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { loadBackboneWeights } from '../weights/load-backbone-weights.ts';
import { withStoredLayers } from '../weights/stored-layers.ts';
import { classifierModel, classifierValues } from './classifier-model.ts';
import { relativeError, runOnnx, spread } from './onnxruntime.fixture.ts';

useNativeBackend();

const name = 'tf_efficientnet_lite0.safetensors';
const path = join(import.meta.dirname, '../../../../../shared/data/pretrained', name);
const imageCount = 4;

describe.skipIf(!existsSync(path)).each([224, 161])('EfficientNet-Lite0 at %i px (needs ../shared)', (inputSize) => {
  let classifier: Classifier;
  let images: tf.Tensor4D;
  beforeAll(async () => {
    const classes = Array.from({ length: 1000 }, (_, index) => `${index}`);
    const file = { name, bytes: readFileSync(path) };
    classifier = createClassifier({ backbone: { family: 'efficientnet-lite0', inputSize }, classes, seed: 0 });
    await loadBackboneWeights(classifier, file);
    const [kernel, bias] = classifier.weights.slice(-2) as [ModelWeight, ModelWeight];
    await withStoredLayers(file, (layers) => {
      const top = layers.find((layer) => layer.name === 'classifier')!;
      const [kernelValues, biasValues] = top.weights.map((weight) => weight.read());
      setWeights(
        new Map([
          [kernel, kernelValues!],
          [bias, biasValues!],
        ]),
      );
    });
    images = smoothImages(imageCount, inputSize, 3);
  });
  afterAll(() => {
    classifier.dispose();
    images.dispose();
  });

  it.each([
    ['logits', 'head'],
    ['features', 'pooled'],
  ] as const)('%s are those of TensorFlow', async (output, layer) => {
    const expected = classifier.activations(images, layer);
    const found = await runOnnx(classifierModel(classifier, output), { [classifierValues.image]: images });
    const wanted = expected.dataSync<'float32'>();
    expect(spread(wanted, imageCount)).toBeGreaterThan(0.02);
    expect(relativeError(found.values, wanted)).toBeLessThan(1e-5);
    expected.dispose();
  });
});
