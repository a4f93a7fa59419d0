import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import tf from '@chorus/tfjs';
import type { File } from 'h5wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackboneFamily } from '../backbones/table.ts';
import { type Classifier, createClassifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { chooseWeightFile } from './choose-weight-file.ts';
import { h5File, type LayerToWrite, layersOf, topOf, writeCountedLayers, writeLayers } from './h5.fixture.ts';
import { loadBackboneWeights } from './load-backbone-weights.ts';

const pretrained = join(import.meta.dirname, '../../../../../shared/data/pretrained');

let classifier: Classifier;
let layers: LayerToWrite[];

beforeAll(async () => {
  await tf.setBackend('cpu');
  const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: 32 } as const;
  classifier = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
  layers = layersOf(classifier);
});
afterAll(() => classifier.dispose());

function weights(): Float32Array[] {
  return classifier.weights.map(({ variable }) => variable.dataSync<'float32'>().slice());
}

async function load(write: (file: File) => void): Promise<void> {
  await loadBackboneWeights(classifier, { name: 'some.h5', bytes: await h5File(write) });
}

describe('loadBackboneWeights', () => {
  const top = () => topOf(classifier, 'conv_preds');
  const files: [string, (file: File) => void][] = [
    ['as keras-applications has them', (file) => writeLayers(file, layers)],
    ['with the classification top', (file) => writeLayers(file, [...layers, top()])],
    ['of model.save', (file) => writeLayers(file.create_group('model_weights'), layers)],
    [
      'of model.save in Keras 3',
      (file) =>
        writeLayers(
          file.create_group('model_weights'),
          layers.map(({ name, weights }) => ({
            name,
            weights: weights.map((weight) => ({
              ...weight,
              name: weight.name.replace(':0', '').replace('depthwise_kernel', 'kernel'),
            })),
          })),
        ),
    ],
    ['of save_weights', (file) => writeCountedLayers(file, layers)],
    ['of save_weights with the top', (file) => writeCountedLayers(file, [...layers, top()])],
    ['of save_weights before Keras 3.6', (file) => writeCountedLayers(file, layers, { names: false })],
    [
      'of save_weights in Keras 2.12 to 2.14',
      (file) => writeCountedLayers(file, layers, { names: false, folder: '_layer_checkpoint_dependencies', step: 2 }),
    ],
  ];
  it.each(files)('sets every weight of the backbone from a file %s', async (_, write) => {
    const head = weights().slice(-2);
    tf.tidy(() => {
      for (const { variable } of classifier.backboneWeights) variable.assign(tf.zeros(variable.shape));
    });
    const tensors = tf.memory().numTensors;
    await load(write);
    const expected = layers.flatMap((layer) => layer.weights.map(({ values }) => values));
    expect(weights()).toEqual([...expected, ...head]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  /** The layers with other gammas in the last one. */
  const lastWith = (change: Partial<LayerToWrite['weights'][number]>) => {
    const last = layers.at(-1)!;
    return [
      ...layers.slice(0, -1),
      { ...last, weights: [{ ...last.weights[0]!, ...change }, ...last.weights.slice(1)] },
    ];
  };
  const refusals: [string, () => LayerToWrite[], RegExp][] = [
    ['a missing layer', () => layers.slice(0, -1), /expected layer conv_pw_13_bn at position 54 of 54, received /],
    [
      'an extra layer',
      () => [...layers, layers[0]!].map((layer, place) => (place < 54 ? layer : { ...layer, name: 'more' })),
      /nothing after the backbone/,
    ],
    [
      'another shape',
      () => lastWith({ shape: [16, 16] }),
      /(conv_pw_13_bn|batch_normalization_26): expected gamma \[256\], .* received gamma \[16, 16\]/,
    ],
    [
      '45: NaN',
      () => lastWith({ values: new Float32Array(256).fill(Number.NaN, 5) }),
      /(conv_pw_13_bn|batch_normalization_26): expected finite numbers in gamma, received NaN at index 5/,
    ],
    [
      'an infinite number',
      () => lastWith({ values: new Float32Array(256).fill(-Infinity, 255) }),
      /received -Infinity at index 255/,
    ],
    [
      'a negative variance',
      () => {
        const last = layers.at(-1)!;
        const variance = { ...last.weights[3]!, values: new Float32Array(256).fill(1).fill(-1, 7, 8) };
        return [...layers.slice(0, -1), { ...last, weights: [...last.weights.slice(0, 3), variance] }];
      },
      /(conv_pw_13_bn|batch_normalization_26): expected variances of 0 or more in moving_variance, received -1 at index 7/,
    ],
  ];
  describe.each([
    ['.h5', writeLayers],
    ['.weights.h5', writeCountedLayers],
  ])('rejects in a file %s', (_layout, write) => {
    it.each(refusals)('22: %s, and changes nothing', async (_, content, message) => {
      const before = weights();
      const attempt = load((file) => write(file, content()));
      await expect(attempt).rejects.toThrow(ModelError);
      await expect(attempt).rejects.toThrow(message);
      expect(weights()).toEqual(before);
    });
  });

  it('reads two files concurrently', async () => {
    const bytes = await h5File((file) => writeLayers(file, layers));
    await Promise.all([1, 2, 3].map(() => loadBackboneWeights(classifier, { name: 'some.h5', bytes })));
    expect(weights()[0]).toEqual(layers[0]!.weights[0]!.values);
  });
});

describe('real weights', () => {
  const there = existsSync(pretrained) ? readdirSync(pretrained) : [];
  it.skipIf(there.length === 0).each([
    ['mobilenet', 1],
    ['mobilenet', 0.75],
    ['mobilenet', 0.5],
    ['mobilenet', 0.25],
    ['mobilenet-v2', 1],
  ] as [BackboneFamily, number][])('of %s %f load (needs ../shared)', async (family, alpha) => {
    const choice = chooseWeightFile({ family, alpha }, 160, there)!;
    const real = createClassifier({ backbone: { family, alpha, inputSize: 32 }, classes: ['a', 'b'], seed: 1 });
    await loadBackboneWeights(real, {
      name: choice.file.name,
      bytes: readFileSync(join(pretrained, choice.file.name)),
    });
    const variances = real.backboneWeights.filter(({ weightName }) => weightName === 'moving_variance');
    for (const { variable } of variances) expect(Math.min(...variable.dataSync())).toBeGreaterThan(0);
    real.dispose();
  });

  it.skipIf(there.length === 0)('of another width are rejected, and a top is ignored (needs ../shared)', async () => {
    const file = (name: string) => ({ name, bytes: readFileSync(join(pretrained, name)) });
    await expect(loadBackboneWeights(classifier, file('mobilenet_5_0_160_tf_no_top.h5'))).rejects.toThrow(
      /expected weights of mobilenet 0\.25, received those of mobilenet 0\.5; choose/,
    );
    const backbone = { family: 'mobilenet-v2', alpha: 1, inputSize: 32 } as const;
    const v2 = createClassifier({ backbone, classes: ['a', 'b'], seed: 1 });
    const numbers = async (name: string) => {
      await loadBackboneWeights(v2, file(name));
      return v2.backboneWeights.map(({ variable }) => variable.dataSync().slice());
    };
    const withTop = await numbers('mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5');
    expect(await numbers('mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5')).toEqual(withTop);
    v2.dispose();
  });
});

it.each<[string, { family: BackboneFamily; alpha: number }]>([
  ['mobilenet-v2 0.35', { family: 'mobilenet-v2', alpha: 0.35 }],
  ['mobilenet 0.5', { family: 'mobilenet', alpha: 0.5 }],
])('names the backbone of a file that is of another one: %s', async (name, { family, alpha }) => {
  const other = createClassifier({ backbone: { family, alpha, inputSize: 32 }, classes: ['a', 'b'], seed: 1 });
  const stored = layersOf(other);
  other.dispose();
  const tensorCount = tf.memory().numTensors;
  await expect(load((file) => writeLayers(file, stored))).rejects.toThrow(
    `some.h5: expected weights of mobilenet 0.25, received those of ${name}; choose that backbone or another file.`,
  );
  expect(tf.memory().numTensors).toBe(tensorCount);
});
