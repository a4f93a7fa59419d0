import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { type BackboneFamily, type BackboneSpec, backboneTable, checkBackboneSpec, memberCost } from './table.ts';

beforeAll(() => tf.setBackend('cpu'));

function build(backbone: BackboneSpec): Classifier {
  return new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
}

// Parameters, their order and the numbers that they lead to are compared with Keras' in tools/golden.
describe('backbones', () => {
  // Sides of the last feature map by input size; odd ones show the padding.
  const sides = {
    mobilenet: { 32: 1, 33: 1, 47: 1, 63: 2, 64: 2, 97: 3, 129: 4, 299: 9 },
    'mobilenet-v2': { 32: 1, 33: 2, 47: 2, 63: 2, 64: 2, 97: 4, 129: 5, 299: 10 },
    'inception-v3': { 75: 1, 97: 1, 128: 2, 139: 3, 161: 3, 224: 5, 299: 8 },
    xception: { 71: 3, 97: 3, 128: 4, 139: 5, 161: 5, 224: 7, 299: 10 },
  } satisfies Record<BackboneFamily, Record<number, number>>;
  it.each(Object.entries(sides) as [BackboneFamily, Record<number, number>][])(
    '%s has its shapes at any size',
    (family, expected) => {
      const found = Object.keys(expected).map((inputSize) => {
        const classifier = build({ family, alpha: backboneTable[family].alphas[0]!, inputSize: Number(inputSize) });
        const { shape } = classifier.cutPoints.at(-2)!;
        classifier.dispose();
        return [inputSize, shape[0]];
      });
      expect(Object.fromEntries(found)).toEqual(expected);
    },
  );

  it('names its layers', () => {
    const names = (family: BackboneFamily) => {
      const classifier = build({ family, alpha: 1, inputSize: backboneTable[family].minimumInputSize });
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
    const v3 = names('inception-v3');
    expect(v3.slice(1, 8).join(' ')).toBe('stem_1_conv stem_1_bn stem_1 stem_2_conv stem_2_bn stem_2 stem_3_conv');
    // Where Keras has them, too: its tutorials fine-tune what is behind layer 248.
    const mixed = v3.flatMap((name, place) => (/^mixed\d+(_\d)?$/.test(name) ? [`${name}@${place}`] : []));
    expect(mixed.join(' ')).toBe(
      'mixed0@40 mixed1@63 mixed2@86 mixed3@100 mixed4@132 mixed5@164 mixed6@196 mixed7@228 mixed8@248 mixed9_0@276 mixed9@279 mixed9_1@307 mixed10@310',
    );
    const x = names('xception');
    expect(x.slice(4, 17).join(' ')).toBe(
      'block1_conv2 block1_conv2_bn block1_conv2_act block2_sepconv1 block2_sepconv1_bn block2_sepconv2_act block2_sepconv2 block2_sepconv2_bn block2_residual_conv block2_pool block2_residual_bn block2_add block3_sepconv1_act',
    );
    expect(x.slice(-11, -3).join(' ')).toBe(
      'block13_residual_bn block13_add block14_sepconv1 block14_sepconv1_bn block14_sepconv1_act block14_sepconv2 block14_sepconv2_bn block14_sepconv2_act',
    );
  });
});

describe('checkBackboneSpec', () => {
  it.each([
    [{ family: 'resnet', alpha: 1, inputSize: 160 }, /backbone out of mobilenet, .+, received "resnet"/],
    [{ family: '__proto__', alpha: 1, inputSize: 160 }, /received "__proto__"/],
    [
      { family: 'mobilenet', alpha: 0.35, inputSize: 160 },
      /alpha of mobilenet out of 0.25, 0.5, 0.75, 1, received 0.35/,
    ],
    [{ family: 'mobilenet', alpha: Number.NaN, inputSize: 160 }, /received NaN/],
    [{ family: 'xception', alpha: 0.5, inputSize: 160 }, /alpha of xception out of 1, received 0.5/],
    [{ family: 'inception-v3', alpha: 1, inputSize: 74 }, /of inception-v3 from 75 to 2048 px, received 74/],
    [{ family: 'xception', alpha: 1, inputSize: 70 }, /of xception from 71 to 2048 px, received 70/],
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
  expect(cost('xception', 1, 160)).toBeGreaterThan(cost('inception-v3', 1, 160));
  expect(cost('inception-v3', 1, 160)).toBeGreaterThan(cost('mobilenet', 1, 224));
  expect(cost('mobilenet', 1, 160)).toBeGreaterThan(cost('mobilenet-v2', 1, 160));
  expect(cost('mobilenet-v2', 1, 160)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
  expect(cost('mobilenet', 0.75, 224)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
});
