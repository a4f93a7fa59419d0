import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Classifier } from '../classifier/classifier.ts';
import { ModelError } from '../errors.ts';
import { backboneMeasurements } from './measurements.ts';
import { memberCost } from './member-cost.ts';
import {
  type BackboneFamily,
  type BackboneSpec,
  backboneFamilies,
  backboneTable,
  checkBackboneSpec,
  variantOf,
} from './table.ts';

beforeAll(() => tf.setBackend('cpu'));

function build(backbone: BackboneSpec): Classifier {
  return new Classifier({ backbone, classes: ['a', 'b'], seed: 0 });
}

// tools/golden compares parameters, their order and the resulting numbers with Keras.
describe('backbones', () => {
  // Sides of the last feature map by input size; odd sizes reveal the padding.
  const sides = {
    mobilenet: { 32: 1, 33: 1, 47: 1, 63: 2, 64: 2, 97: 3, 129: 4, 299: 9 },
    'mobilenet-v2': { 32: 1, 33: 2, 47: 2, 63: 2, 64: 2, 97: 4, 129: 5, 299: 10 },
    'inception-v3': { 75: 1, 97: 1, 128: 2, 139: 3, 161: 3, 224: 5, 299: 8 },
    xception: { 71: 3, 97: 3, 128: 4, 139: 5, 161: 5, 224: 7, 299: 10 },
    'efficientnet-lite0': { 32: 1, 33: 2, 47: 2, 63: 2, 64: 2, 97: 4, 129: 5, 299: 10 },
  } satisfies Record<BackboneFamily, Record<number, number>>;
  it.each(Object.entries(sides) as [BackboneFamily, Record<number, number>][])(
    '%s has the right shapes at any size',
    (family, expected) => {
      const found = Object.keys(expected).map((inputSize) => {
        const classifier = build({
          family,
          variant: backboneTable[family].variants[0].name,
          inputSize: Number(inputSize),
        });
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
    // At the same indices as in Keras, whose tutorials fine-tune the layers after layer 248.
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
    // As in timm, whose activations are modules of their BatchNorm.
    const lite = names('efficientnet-lite0');
    expect(lite.slice(1, 18).join(' ')).toBe(
      'conv_stem bn1 bn1.act blocks.0.0.conv_dw blocks.0.0.bn1 blocks.0.0.bn1.act blocks.0.0.conv_pw blocks.0.0.bn2 blocks.1.0.conv_pw blocks.1.0.bn1 blocks.1.0.bn1.act blocks.1.0.conv_dw blocks.1.0.bn2 blocks.1.0.bn2.act blocks.1.0.conv_pwl blocks.1.0.bn3 blocks.1.1.conv_pw',
    );
    expect(lite.filter((name) => name.endsWith('.add')).join(' ')).toBe(
      'blocks.1.1.add blocks.2.1.add blocks.3.1.add blocks.3.2.add blocks.4.1.add blocks.4.2.add blocks.5.1.add blocks.5.2.add blocks.5.3.add',
    );
    expect(lite.slice(-6)).toEqual(['conv_head', 'bn2', 'bn2.act', 'pooled', 'dropout', 'head']);
  });
});

describe('checkBackboneSpec', () => {
  it.each([
    [{ family: 'resnet', alpha: 1, inputSize: 160 }, /^Unknown backbone "resnet"; expected one of: mobilenet, .+\.$/],
    [{ family: '__proto__', alpha: 1, inputSize: 160 }, /^Unknown backbone "__proto__"/],
    [
      { family: 'mobilenet', alpha: 0.35, inputSize: 160 },
      /^Invalid alpha 0\.35 for mobilenet; expected one of: 0\.25, 0\.5, 0\.75, 1\.$/,
    ],
    [{ family: 'mobilenet', alpha: Number.NaN, inputSize: 160 }, /^Invalid alpha NaN/],
    [{ family: 'xception', alpha: 0.5, inputSize: 160 }, /^Invalid alpha 0\.5 for xception; expected one of: 1\.$/],
    [
      { family: 'mobilenet-v2', variant: 'large', inputSize: 160 },
      /^Unknown variant "large" of mobilenet-v2; expected one of: 0\.35, 0\.5, 0\.75, 1, 1\.3, 1\.4\.$/,
    ],
    [
      { family: 'mobilenet-v2', variant: '0.5', alpha: 0.35, inputSize: 160 },
      /^Invalid alpha 0\.35 for variant 0\.5 of mobilenet-v2; expected one of: 0\.5\.$/,
    ],
    [
      { family: 'inception-v3', alpha: 1, inputSize: 74 },
      /^Invalid input size 74 for inception-v3; expected 75 to 2048 px\.$/,
    ],
    [{ family: 'xception', alpha: 1, inputSize: 70 }, /^Invalid input size 70 for xception; expected 71 to 2048 px\.$/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 31 }, /size 31 .* expected 32 to 2048 px/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 160.5 }, /size 160\.5/],
    [{ family: 'mobilenet-v2', alpha: 1, inputSize: 1e9 }, /size 1000000000/],
  ])('refuses %o', (spec, message) => {
    expect(() => checkBackboneSpec(spec as BackboneSpec)).toThrow(ModelError);
    expect(() => checkBackboneSpec(spec as BackboneSpec)).toThrow(message);
  });
});

describe.each(backboneFamilies)('the variants of %s', (family) => {
  const { variants, minimumInputSize } = backboneTable[family];

  it('are unique by name and ascend in size; one of width 1 is the default', () => {
    expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
    const counts = variants.map(({ parameterCount }) => parameterCount);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(variantOf({ family }).width).toBe(1);
  });

  it.each(variants)('$name is found by its name and its width, and has files by ascending size', (variant) => {
    const { name, width, weightFiles } = variant;
    expect(variantOf({ family, variant: name })).toBe(variant);
    expect(variantOf({ family, variant: name, alpha: width })).toBe(variant);
    expect(variantOf({ family, alpha: width }).width).toBe(width);
    const sizes = weightFiles.map(({ trainedSize }) => trainedSize);
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  it.each(variants)(
    '$name has the declared numbers of parameters and features',
    ({ name, parameterCount, featureWidth }) => {
      const classifier = build({ family, variant: name, inputSize: minimumInputSize });
      const count = classifier.backboneWeights.reduce((sum, { variable }) => sum + variable.size, 0);
      const { shape } = classifier.cutPoints.at(-1)!;
      classifier.dispose();
      expect(count).toBe(parameterCount);
      expect(shape).toEqual([featureWidth]);
    },
  );

  it('have about the declared number of layers', () => {
    const classifier = build({ family, variant: variants[0].name, inputSize: minimumInputSize });
    const count = classifier.model.layers.length;
    classifier.dispose();
    // Pooling and the head follow the backbone.
    expect(Math.abs(count - backboneMeasurements[family].layerCount)).toBeLessThanOrEqual(4);
  });

  it('have measurements of one of them', () => {
    const { variant, measured } = backboneMeasurements[family];
    expect(variants.map(({ name }) => name)).toContain(variant);
    expect(measured).toMatch(/processor|AMD|Intel/);
  });
});

it('scales the cost of a member with its width, and with the square of its input size', () => {
  const cost = (alpha: number, inputSize: number) => memberCost({ family: 'mobilenet-v2', alpha, inputSize });
  expect(cost(0.5, 96)).toBe(0.9 * 0.5 * 96 ** 2);
  expect(cost(1.4, 160)).toBe(0.9 * 1.4 * 160 ** 2);
});

it('orders members by cost', () => {
  const cost = (family: BackboneFamily, alpha: number, inputSize: number) => memberCost({ family, alpha, inputSize });
  expect(cost('xception', 1, 160)).toBeGreaterThan(cost('inception-v3', 1, 160));
  expect(cost('inception-v3', 1, 160)).toBeGreaterThan(cost('mobilenet', 1, 224));
  expect(cost('mobilenet', 1, 160)).toBeGreaterThan(cost('mobilenet-v2', 1, 160));
  expect(cost('mobilenet-v2', 1, 160)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
  expect(cost('mobilenet', 0.75, 224)).toBeGreaterThan(cost('mobilenet', 0.75, 160));
});
