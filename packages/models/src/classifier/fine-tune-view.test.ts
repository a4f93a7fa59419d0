import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackboneFamily, backboneTable } from '../backbones/table.ts';
import { ModelError } from '../errors.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { largestDifference, noiseImages } from '../numbers.fixture.ts';
import { Adam } from '../training/adam.ts';
import { takeSteps } from '../training/take-steps.fixture.ts';
import { type Classifier, createClassifier } from './classifier.ts';
import type { BatchNormMode, FineTuneView } from './fine-tune-view.ts';
import type { FineTuneRange } from './trainable-range.ts';

beforeAll(useNativeBackend);

/** With BatchNorm statistics of some images: with the initial ones, random weights pass on almost nothing. */
function smallest(family: BackboneFamily, inputSize = backboneTable[family].minimumInputSize): Classifier {
  const variant = backboneTable[family].variants[0].name;
  const classifier = createClassifier({ backbone: { family, variant, inputSize }, classes: ['a', 'b', 'c'], seed: 1 });
  const all = classifier.fineTuneView('all', { batchNorm: 'batch' });
  all.recalibrateBatchNorm([tf.tidy(() => all.prefix(noiseImages(8, inputSize, 1)))]);
  return classifier;
}

function train(view: FineTuneView, images: tf.Tensor4D, stepCount: number): void {
  const adam = new Adam(view.variables);
  tf.tidy(() => {
    const activations = view.prefix(images);
    const labels = tf.tensor1d(
      Array.from({ length: images.shape[0] }, (_, index) => index % 3),
      'int32',
    );
    takeSteps(view, adam, { activations, labels }, { stepCount, learningRate: 1e-2 });
  });
  adam.dispose();
}

/** Names of the weights that have changed in any bit. */
function changedBy(classifier: Classifier, work: () => void): string[] {
  const before = classifier.weights.map(({ variable }) => Buffer.from(variable.dataSync().slice().buffer));
  work();
  return classifier.weights.flatMap(({ layerName, weightName, variable }, index) =>
    before[index]!.equals(Buffer.from(variable.dataSync().slice().buffer)) ? [] : [`${layerName}/${weightName}`],
  );
}

function namesFrom(classifier: Classifier, layerName: string): string[] {
  const first = classifier.weights.findIndex((weight) => weight.layerName === layerName);
  return classifier.weights.slice(first).map((weight) => `${weight.layerName}/${weight.weightName}`);
}

const statistics = /moving_(mean|variance)$/;

describe('freezing', () => {
  // The first layer with weights that trains. In MobileNetV2 the last 17 layers start inside a block with a shortcut.
  const cases: [BackboneFamily, FineTuneRange, string, string][] = [
    ['mobilenet', 'all', 'input', 'conv1'],
    ['mobilenet', { lastLayers: 12 }, 'conv_pad_12', 'conv_dw_12'],
    ['mobilenet', { behind: 'conv_pw_11_relu' }, 'conv_pw_11_relu', 'conv_dw_12'],
    ['mobilenet', 'head', 'pooled', 'head'],
    ['mobilenet', { lastLayers: 0 }, 'pooled', 'head'],
    ['mobilenet-v2', 'all', 'input', 'Conv1'],
    ['mobilenet-v2', { lastLayers: 17 }, 'block_14_add', 'block_15_depthwise'],
    ['mobilenet-v2', 'head', 'pooled', 'head'],
    // The last two blocks; in Keras, too, they follow the first 249 layers.
    ['inception-v3', { lastLayers: 311 - 249 }, 'mixed8', 'mixed9_branch3x3dbl_1_conv'],
    ['xception', { behind: 'block13_add' }, 'block13_add', 'block14_sepconv1'],
    ['efficientnet-lite0', 'all', 'input', 'conv_stem'],
    // Starts inside a block with a shortcut.
    ['efficientnet-lite0', { lastLayers: 17 }, 'blocks.5.2.add', 'blocks.5.3.conv_dw'],
    ['efficientnet-lite0', { behind: 'blocks.4.2.add' }, 'blocks.4.2.add', 'blocks.5.0.conv_pw'],
    ['efficientnet-lite0', 'head', 'pooled', 'head'],
  ];

  it.each(cases)('%s with %o is cut at %s and trains from %s on', (family, range, cut, first) => {
    const classifier = smallest(family);
    const images = noiseImages(6, classifier.backbone.inputSize);
    for (const batchNorm of ['batch', 'moving'] as BatchNormMode[]) {
      const view = classifier.fineTuneView(range, { batchNorm });
      expect(view.cut).toEqual(classifier.cutPoints.find(({ layerName }) => layerName === cut));
      const changed = changedBy(classifier, () => train(view, images, 2));
      const expected = namesFrom(classifier, first).filter((name) => batchNorm === 'batch' || !statistics.test(name));
      // All other weights and statistics are unchanged, bit for bit.
      expect(changed).toEqual(expected);
      expect(view.variables).toHaveLength(expected.filter((name) => !statistics.test(name)).length);
    }
    images.dispose();
    classifier.dispose();
  });

  it.each([
    [{ lastLayers: -1 }, /^Invalid lastLayers -1; expected 0 to 86, the number of layers of this backbone\.$/],
    [{ lastLayers: 87 }, /^Invalid lastLayers 87;/],
    [{ lastLayers: 1.5 }, /^Invalid lastLayers 1\.5;/],
    [{ behind: 'nowhere' }, /^Unknown cut "nowhere"; expected one of: input, conv1, .*, pooled\.$/],
  ])('refuses %o', (range, message) => {
    const classifier = smallest('mobilenet');
    expect(() => classifier.fineTuneView(range, { batchNorm: 'batch' })).toThrow(ModelError);
    expect(() => classifier.fineTuneView(range, { batchNorm: 'batch' })).toThrow(message);
    classifier.dispose();
  });

  it('treats the number of all layers as all', () => {
    const classifier = smallest('mobilenet');
    const all = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const counted = classifier.fineTuneView({ lastLayers: 86 }, { batchNorm: 'batch' });
    expect(counted.cut).toEqual(all.cut);
    expect(counted.variables).toEqual(all.variables);
    classifier.dispose();
  });
});

describe('prefix and suffix', () => {
  it.each([
    ['mobilenet', { lastLayers: 12 }],
    ['mobilenet-v2', { lastLayers: 17 }],
    ['mobilenet-v2', 'head'],
    ['efficientnet-lite0', { lastLayers: 17 }],
  ] as [BackboneFamily, FineTuneRange][])('of %s with %o compute the whole model', (family, range) => {
    const classifier = smallest(family, 47);
    tf.tidy(() => {
      const images = noiseImages(3, 47);
      const whole = classifier.logits(images).dataSync();
      const view = classifier.fineTuneView(range, { batchNorm: 'batch' });
      const activations = view.prefix(images);
      expect(activations.shape).toEqual([3, ...view.cut.shape]);
      expect(view.suffix(activations, { training: false }).dataSync()).toEqual(whole);
      // Without batch statistics and dropout, training computes the same function.
      const still = classifier.fineTuneView(range, { batchNorm: 'moving' });
      expect(largestDifference(still.suffix(activations, { training: true }).dataSync(), whole)).toBeLessThan(1e-6);
    });
    classifier.dispose();
  });
});

describe('every variable', () => {
  it.each([
    // At 64 px the last maps are 2×2: on 1×1 maps the border of a depthwise kernel covers only padding.
    ['mobilenet', 64, 'batch'],
    ['mobilenet', 64, 'moving'],
    ['mobilenet-v2', 64, 'batch'],
    ['mobilenet-v2', 64, 'moving'],
    ['inception-v3', 75, 'batch'],
    ['inception-v3', 75, 'moving'],
    ['xception', 71, 'batch'],
    ['xception', 71, 'moving'],
    ['efficientnet-lite0', 64, 'batch'],
    ['efficientnet-lite0', 64, 'moving'],
  ] as [BackboneFamily, number, BatchNormMode][])(
    'of %s at %i px gets a gradient with %s statistics',
    (family, inputSize, batchNorm) => {
      const classifier = smallest(family, inputSize);
      const view = classifier.fineTuneView('all', { batchNorm });
      tf.tidy(() => {
        const images = view.prefix(noiseImages(4, inputSize));
        const { grads } = tf.variableGrads(
          () => tf.mean(tf.square(view.suffix(images, { training: true }))) as tf.Scalar,
          [...view.variables],
        );
        for (const { name } of view.variables) {
          const values = grads[name]!.dataSync();
          expect(values.every(Number.isFinite), name).toBe(true);
          expect(
            values.some((value) => value !== 0),
            name,
          ).toBe(true);
        }
      });
      classifier.dispose();
    },
  );
});

describe('recalibrateBatchNorm', () => {
  it('sets the statistics to the mean over all images, however they are batched', () => {
    const classifier = smallest('mobilenet');
    const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const images = view.prefix(noiseImages(7, 32)) as tf.Tensor4D;
    const batches = (sizes: number[]) => tf.split(images, sizes);
    const first = classifier.weights.find(({ weightName }) => weightName === 'moving_mean')!.variable;
    view.recalibrateBatchNorm(batches([7]));
    const whole = first.dataSync().slice();
    view.recalibrateBatchNorm(batches([3, 3, 1]));
    // The means of the first layer are additive; later layers depend on the batch.
    expect(largestDifference(first.dataSync(), whole)).toBeLessThan(1e-6);
    images.dispose();
    classifier.dispose();
  });

  it('makes inference agree with training on the same batch', () => {
    const classifier = smallest('mobilenet-v2');
    const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const images = view.prefix(noiseImages(8, 32));
    view.recalibrateBatchNorm([images.clone()]);
    const [inferred, trained] = [false, true].map((training) => view.suffix(images, { training }));
    expect(largestDifference(inferred!.dataSync(), trained!.dataSync())).toBeLessThan(1e-3);
    tf.dispose([images, inferred!, trained!]);
    classifier.dispose();
  });

  it('does not change frozen statistics', () => {
    const classifier = smallest('mobilenet');
    const view = classifier.fineTuneView({ behind: 'conv_pw_11_relu' }, { batchNorm: 'batch' });
    const images = noiseImages(4, 32);
    const changed = changedBy(classifier, () => view.recalibrateBatchNorm([view.prefix(images)]));
    expect(changed).toEqual(namesFrom(classifier, 'conv_dw_12').filter((name) => statistics.test(name)));
    images.dispose();
    classifier.dispose();
  });

  it('disposes its batches even if their source fails', () => {
    const classifier = smallest('mobilenet');
    const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
    const before = tf.memory().numTensors;
    function* failing() {
      yield tf.ones([2, 32, 32, 3]);
      throw new Error('stopped');
    }
    expect(() => view.recalibrateBatchNorm(failing())).toThrow('stopped');
    expect(tf.memory().numTensors).toBe(before);
    classifier.dispose();
  });
});

describe('snapshot', () => {
  it('restores weights and statistics, bit for bit and several times', () => {
    const classifier = smallest('mobilenet');
    const view = classifier.fineTuneView({ behind: 'conv_pw_11_relu' }, { batchNorm: 'batch' });
    const images = noiseImages(4, 32);
    const tensors = tf.memory().numTensors;
    const snapshot = view.snapshot();
    for (const _ of [1, 2]) {
      const changed = changedBy(classifier, () => {
        train(view, images, 2);
        snapshot.restore();
      });
      expect(changed).toEqual([]);
    }
    snapshot.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    images.dispose();
    classifier.dispose();
  });
});
