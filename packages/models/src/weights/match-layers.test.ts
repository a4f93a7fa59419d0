import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackboneFamily, backboneFamilies, backboneTable } from '../backbones/table.ts';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { counted, type LayerToWrite, listed, namedAsInKeras1, placesOf, topOf, withCounters } from './h5.fixture.ts';
import { matchLayers } from './match-layers.ts';
import type { StoredLayer } from './stored-layers.ts';

beforeAll(() => tf.setBackend('cpu'));

const keras2 = { convolution: 'conv2d', batchNorm: 'batch_normalization' };
const keras1 = { convolution: 'convolution2d', batchNorm: 'batchnormalization', first: 1 };
/** Counters in `layer_names` of files that Keras 3.15.1 and tf_keras 2.21 wrote, less the first one. */
const orders: Partial<Record<BackboneFamily, number[]>> = {
  'inception-v3': [
    0, 1, 2, 3, 4, 8, 6, 9, 5, 7, 10, 11, 15, 13, 16, 12, 14, 17, 18, 22, 20, 23, 19, 21, 24, 25, 27, 28, 26, 29, 34,
    35, 31, 36, 32, 37, 30, 33, 38, 39, 44, 45, 41, 46, 42, 47, 40, 43, 48, 49, 54, 55, 51, 56, 52, 57, 50, 53, 58, 59,
    64, 65, 61, 66, 62, 67, 60, 63, 68, 69, 72, 73, 70, 74, 71, 75, 80, 77, 81, 78, 79, 82, 83, 76, 84, 89, 86, 90, 87,
    88, 91, 92, 85, 93,
  ],
  xception: [0, 1, 2, 3],
};
const layouts: [string, (layers: LayerToWrite[]) => StoredLayer[]][] = [
  ['.h5', listed],
  ['.weights.h5', counted],
  ['.weights.h5 without names', (layers) => counted(layers, { names: false })],
];

function swapped<T>(items: readonly T[], first: number, second: number): T[] {
  return items.with(first, items[second]!).with(second, items[first]!);
}

/** The smallest variant of each family. */
const smallest = backboneFamilies.map((family) => [family, backboneTable[family].variants[0].name] as const);

describe.each(smallest)('%s %s', (family, variant) => {
  const { topLayer, unnamedInKeras, minimumInputSize } = backboneTable[family];
  const order = orders[family] ?? [];
  const counters = (first: number) =>
    withCounters(placesOf(classifier), unnamedInKeras ?? /^$/, { ...keras2, order, first });
  let classifier: Classifier;

  beforeAll(() => {
    const backbone = { family, variant, inputSize: minimumInputSize };
    classifier = new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
  });
  afterAll(() => classifier.dispose());

  function expectEveryWeight(stored: StoredLayer[]): void {
    const matched = matchLayers('some.h5', classifier, stored);
    expect(matched).toHaveLength(classifier.backboneWeights.length);
    for (const [place, { weight, stored: found }] of matched.entries())
      expect([weight === classifier.backboneWeights[place], found.read()[0]]).toEqual([true, place]);
  }

  it.each(layouts)('finds every weight in a file %s, with a top or without', (_, layout) => {
    for (const layers of [counters(0), counters(95)]) {
      expectEveryWeight(layout(layers));
      expectEveryWeight(layout([...layers, topOf(classifier, topLayer)]));
    }
  });

  it('finds every weight in a file of Keras 1', () => {
    expectEveryWeight(
      listed(namedAsInKeras1(withCounters(placesOf(classifier), unnamedInKeras ?? /^$/, { ...keras1, order }))),
    );
  });

  it.each(layouts)('does not mistake other layers for a top, %s', (_, layout) => {
    const top = topOf(classifier, topLayer);
    const [kernel, bias] = top.weights as [LayerToWrite['weights'][number], LayerToWrite['weights'][number]];
    const tops: LayerToWrite[][] = [
      [{ ...top, weights: [kernel] }],
      [{ ...top, weights: [kernel, bias, bias] }],
      [{ ...top, weights: [kernel, { ...bias, shape: [3] }] }],
      [{ ...top, weights: [{ ...kernel, shape: kernel.shape.with(-2, 8) }, bias] }],
      [top, top],
      [counters(0)[0]!],
      ...(layout([top])[0]!.name === undefined ? [] : [[{ ...top, name: 'head' }]]),
    ];
    for (const others of tops) {
      const attempt = () => matchLayers('some.h5', classifier, layout([...counters(0), ...others]));
      expect(attempt).toThrow(ModelError);
      expect(attempt).toThrow(
        /^some\.h5: expected nothing after the backbone except (Keras'|timm's) \w+ of \d+ features, received /,
      );
    }
  });
});

it('accepts the old name of MobileNetV2’s top', () => {
  const backbone = { family: 'mobilenet-v2', alpha: 0.35, inputSize: 32 } as const;
  const classifier = new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
  const layers = [...placesOf(classifier), { ...topOf(classifier, 'predictions'), name: 'Logits' }];
  expect(matchLayers('some.h5', classifier, listed(layers))).toHaveLength(classifier.backboneWeights.length);
  classifier.dispose();
});

describe('refuses', () => {
  let mobilenet: Classifier;
  let inception: Classifier;
  beforeAll(() => {
    const options = { classes: ['a', 'b'], seed: 0 };
    mobilenet = new Classifier({ backbone: { family: 'mobilenet', alpha: 0.25, inputSize: 32 }, ...options });
    inception = new Classifier({ backbone: { family: 'inception-v3', alpha: 1, inputSize: 75 }, ...options });
  });
  afterAll(() => {
    mobilenet.dispose();
    inception.dispose();
  });

  /** MobileNet's layers with one of them changed. */
  const changed = (place: number, change: (layer: LayerToWrite) => LayerToWrite) => {
    const layers = placesOf(mobilenet);
    return layers.with(place, change(layers[place]!));
  };
  const otherShape = (layer: LayerToWrite, shape: number[]) => ({
    ...layer,
    weights: layer.weights.with(0, { ...layer.weights[0]!, shape }),
  });
  const inCounters = () =>
    withCounters(placesOf(inception), backboneTable['inception-v3'].unnamedInKeras!, {
      ...keras2,
      order: orders['inception-v3']!,
      first: 95,
    });
  const placeOf = (layers: readonly LayerToWrite[], name: string) => layers.findIndex((layer) => layer.name === name);

  const cases: [string, () => [Classifier, StoredLayer[]], string][] = [
    [
      'a missing layer',
      () => [mobilenet, listed(placesOf(mobilenet).slice(0, -1))],
      'expected layer conv_pw_13_bn at position 54 of 54, received the end of the file; the file must contain keras.applications.MobileNet alone. To extract it from a larger model: model.get_layer(ITS NAME).save_weights("x.weights.h5").',
    ],
    [
      'a missing layer, .weights.h5',
      () => [mobilenet, counted(placesOf(mobilenet).slice(0, -1))],
      'expected layer conv_pw_13_bn at position 54 of 54, received no further batch_normalization; the file must',
    ],
    [
      'another layer',
      () => [mobilenet, listed(changed(3, (layer) => ({ ...layer, name: 'conv_x' })))],
      'expected layer conv_dw_1_bn at position 4 of 54, received conv_x; the file must',
    ],
    [
      'another layer, .weights.h5',
      () => [mobilenet, counted(changed(3, (layer) => ({ ...layer, name: 'conv_x' })))],
      'expected layer conv_dw_1_bn at position 4 of 54, received /layers/batch_normalization_1 (conv_x); the file must',
    ],
    [
      'two swapped layers',
      () => [mobilenet, listed(swapped(placesOf(mobilenet), 0, 1))],
      'expected layer conv1 at position 1 of 54, received conv1_bn; the file must',
    ],
    [
      'two swapped layers, .weights.h5',
      () => [mobilenet, counted(swapped(placesOf(mobilenet), 1, 3))],
      'expected layer conv1_bn at position 2 of 54, received /layers/batch_normalization (conv_dw_1_bn); the file must',
    ],
    [
      'two swapped layers, .weights.h5 without names',
      () => [mobilenet, counted(swapped(placesOf(mobilenet), 2, 6), { names: false })],
      '/layers/depthwise_conv2d (conv_dw_1): expected kernel [3, 3, 8, 1], received kernel [3, 3, 16, 1].',
    ],
    [
      'a counter for a layer that Keras names',
      () => [mobilenet, listed(changed(0, (layer) => ({ ...layer, name: 'conv2d_1' })))],
      'expected layer conv1 at position 1 of 54, received conv2d_1; the file must',
    ],
    [
      'another shape',
      () => [mobilenet, listed(changed(0, (layer) => otherShape(layer, [3, 3, 8, 3])))],
      '/conv1: expected kernel [3, 3, 3, 8], received kernel [3, 3, 8, 3].',
    ],
    [
      'another shape, .weights.h5',
      () => [mobilenet, counted(changed(0, (layer) => otherShape(layer, [3, 3, 1e6, 1e6])))],
      '/layers/conv2d: expected kernel [3, 3, 3, 8], received kernel [3, 3, 1000000, 1000000].',
    ],
    [
      'another weight',
      () => {
        const rename = (layer: LayerToWrite) => ({
          ...layer,
          weights: layer.weights.with(0, { ...layer.weights[0]!, name: 'conv1_bn/delta:0' }),
        });
        return [mobilenet, listed(changed(1, rename))];
      },
      '/conv1_bn: expected gamma [8], beta [8], moving_mean [8], moving_variance [8], received delta [8], beta [8],',
    ],
    [
      'a missing weight, .weights.h5',
      () => [mobilenet, counted(changed(1, (layer) => ({ ...layer, weights: layer.weights.slice(1) })))],
      '/layers/batch_normalization: expected gamma [8], beta [8], moving_mean [8], moving_variance [8], received gamma [8], beta [8], moving_mean [8].',
    ],
    [
      'another kind of layer with a default name',
      () => [
        inception,
        listed(inCounters().map((layer, place) => (place === 0 ? { ...layer, name: 'dense_7' } : layer))),
      ],
      'expected a conv2d (stem_1_conv) at position 1 of 188, received dense_7; the file must',
    ],
    [
      'swapped convolutions with default names',
      () => [inception, listed(swapped(inCounters(), 0, 2))],
      '/conv2d_96 (stem_1_conv): expected kernel [3, 3, 3, 32], received kernel [3, 3, 32, 32].',
    ],
    ...([listed, counted] as const).map((layout): [string, () => [Classifier, StoredLayer[]], string] => [
      `convolutions of one shape in the other order where Keras has counters, ${layout.name}`,
      () => {
        const layers = inCounters();
        return [inception, layout(swapped(layers, placeOf(layers, 'conv2d_100'), placeOf(layers, 'conv2d_103')))];
      },
      'expected a lower counter for mixed0_branch1x1_1_conv than for mixed0_branch5x5_1_conv, which Keras creates later, received conv2d_103 and conv2d_101: the layers are swapped.',
    ]),
    [
      'another kind of name in a .weights.h5 file',
      () => [
        inception,
        counted(inCounters().map((layer, place) => (place === 0 ? { ...layer, name: 'dense_7' } : layer))),
      ],
      'expected a conv2d (stem_1_conv) at position 1 of 188, received /layers/conv2d (dense_7); the file must',
    ],
    [
      'a custom head',
      () => [mobilenet, counted([...placesOf(mobilenet), { ...topOf(mobilenet, 'predictions'), name: 'head' }])],
      'received /layers/dense (head) with [256, 2] and [2]; save the backbone alone: keras.Model(model.input, model.get_layer("conv_pw_13_relu").output).save_weights("x.weights.h5").',
    ],
  ];
  it.each(cases)('22: %s', (_, content, message) => {
    const [classifier, stored] = content();
    const attempt = () => matchLayers('some.h5', classifier, stored);
    expect(attempt).toThrow(ModelError);
    expect(attempt).toThrow(message);
  });
});
