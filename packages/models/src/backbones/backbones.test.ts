import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import {
  type BackboneFamily,
  type BackboneSpec,
  backboneFamilies,
  backboneTable,
  checkBackboneSpec,
  memberCost,
} from './table.ts';

beforeAll(() => tf.setBackend('cpu'));

function build(backbone: BackboneSpec): Classifier {
  return new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
}

// What keras.applications 3.15 counts with include_top=False: all parameters, the learnt ones, layers, feature width.
const asInKeras: [BackboneFamily, number, number, number, number, number][] = [
  ['mobilenet', 0.25, 218_544, 213_072, 86, 256],
  ['mobilenet', 0.5, 829_536, 818_592, 86, 512],
  ['mobilenet', 0.75, 1_832_976, 1_816_560, 86, 768],
  ['mobilenet', 1, 3_228_864, 3_206_976, 86, 1024],
  ['mobilenet-v2', 0.35, 410_208, 396_128, 154, 1280],
  ['mobilenet-v2', 0.5, 706_224, 687_680, 154, 1280],
  ['mobilenet-v2', 0.75, 1_382_064, 1_355_424, 154, 1280],
  ['mobilenet-v2', 1, 2_257_984, 2_223_872, 154, 1280],
  ['mobilenet-v2', 1.3, 3_766_048, 3_721_792, 154, 1664],
  ['mobilenet-v2', 1.4, 4_363_712, 4_315_776, 154, 1792],
];

describe('as in keras.applications', () => {
  it.each(asInKeras)('%s %f has its parameters', (family, alpha, parameters, learnt, layers, featureWidth) => {
    const classifier = build({ family, alpha, inputSize: 32 });
    const count = (weights: typeof classifier.weights) => weights.reduce((sum, { variable }) => sum + variable.size, 0);
    const backbone = classifier.model.layers.slice(0, -3);
    expect(count(classifier.backboneWeights)).toBe(parameters);
    expect(count(classifier.backboneWeights.filter(({ trainable }) => trainable))).toBe(learnt);
    expect(backbone).toHaveLength(layers);
    expect(backbone.at(-1)!.outputShape).toEqual([null, 1, 1, featureWidth]);
    expect(classifier.featureWidth).toBe(featureWidth);
    classifier.dispose();
  });

  it('lists every alpha that a family may have', () => {
    const tested = (family: BackboneFamily) => asInKeras.filter(([name]) => name === family).map(([, alpha]) => alpha);
    for (const family of backboneFamilies) expect(backboneTable[family].alphas).toEqual(tested(family));
  });

  // Sides of the last feature map; odd ones show the padding.
  const sides = { mobilenet: [1, 1, 1, 2, 2, 3, 4, 9], 'mobilenet-v2': [1, 2, 2, 2, 2, 4, 5, 10] };
  it.each(backboneFamilies)('%s has its shapes at any size', (family) => {
    const found = [32, 33, 47, 63, 64, 97, 129, 299].map((inputSize) => {
      const classifier = build({ family, alpha: backboneTable[family].alphas[0]!, inputSize });
      const { shape } = classifier.cutPoints.at(-2)!;
      classifier.dispose();
      return shape[0];
    });
    expect(found).toEqual(sides[family]);
  });

  it('names its layers', () => {
    const names = (family: BackboneFamily) => {
      const classifier = build({ family, alpha: 1, inputSize: 32 });
      classifier.dispose();
      return classifier.model.layers.map(({ name }) => name);
    };
    expect(names('mobilenet').slice(1, 18).join(' ')).toBe(
      'conv1 conv1_bn conv1_relu conv_dw_1 conv_dw_1_bn conv_dw_1_relu conv_pw_1 conv_pw_1_bn conv_pw_1_relu conv_pad_2 conv_dw_2 conv_dw_2_bn conv_dw_2_relu conv_pw_2 conv_pw_2_bn conv_pw_2_relu conv_dw_3',
    );
    const v2 = names('mobilenet-v2');
    expect(v2.slice(1, 10).join(' ')).toBe(
      'Conv1 bn_Conv1 Conv1_relu expanded_conv_depthwise expanded_conv_depthwise_BN expanded_conv_depthwise_relu expanded_conv_project expanded_conv_project_BN block_1_expand',
    );
    expect(v2.filter((name) => name.endsWith('_add'))).toEqual(
      [2, 4, 5, 7, 8, 9, 11, 12, 14, 15].map((block) => `block_${block}_add`),
    );
    expect(v2.slice(-6)).toEqual(['Conv_1', 'Conv_1_bn', 'out_relu', 'pooled', 'dropout', 'head']);
  });
});

describe('checkBackboneSpec', () => {
  it.each([
    [{ family: 'resnet', alpha: 1, inputSize: 160 }, /backbone out of mobilenet, mobilenet-v2, received "resnet"/],
    [{ family: '__proto__', alpha: 1, inputSize: 160 }, /received "__proto__"/],
    [
      { family: 'mobilenet', alpha: 0.35, inputSize: 160 },
      /alpha of mobilenet out of 0.25, 0.5, 0.75, 1, received 0.35/,
    ],
    [{ family: 'mobilenet', alpha: Number.NaN, inputSize: 160 }, /received NaN/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 31 }, /from 32 to 2048 px, received 31/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 160.5 }, /received 160.5/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 1e9 }, /received 1000000000/],
  ])('refuses %o', (spec, message) => {
    expect(() => checkBackboneSpec(spec as BackboneSpec)).toThrow(ModelError);
    expect(() => checkBackboneSpec(spec as BackboneSpec)).toThrow(message);
  });
});

it('puts members in the order of their cost', () => {
  const cost = (family: BackboneFamily, alpha: number, inputSize: number) => memberCost({ family, alpha, inputSize });
  expect(cost('mobilenet', 1, 160)).toBeGreaterThan(cost('mobilenet-v2', 1, 160));
  expect(cost('mobilenet-v2', 1, 160)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
  expect(cost('mobilenet', 0.75, 224)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
});
