import { describe, expect, it } from 'vitest';
import { counterKind, counterOf, isTopName, kindOf, weightName } from './keras-names.ts';

describe('counterKind', () => {
  it.each([
    ['conv2d', 'conv2d'],
    ['conv2d_94', 'conv2d'],
    ['convolution2d_1', 'conv2d'],
    ['batch_normalization', 'batch_normalization'],
    ['batch_normalization_94', 'batch_normalization'],
    ['batchnormalization_1', 'batch_normalization'],
    ['conv2d_bn', undefined],
    ['conv2d_transpose_1', undefined],
    ['separable_conv2d_1', undefined],
    ['depthwise_conv2d_1', undefined],
    ['block1_conv1', undefined],
    ['conv1', undefined],
    ['', undefined],
  ])('of %j is %s', (name, kind) => {
    expect(counterKind(name)).toBe(kind);
  });
});

it.each([
  ['conv2d', 0],
  ['conv2d_94', 94],
  ['batchnormalization_1', 1],
])('the counter of %j is %i', (name, counter) => {
  expect(counterOf(name)).toBe(counter);
});

describe('kindOf', () => {
  it.each([
    [['kernel'], 'conv2d'],
    [['depthwise_kernel'], 'depthwise_conv2d'],
    [['depthwise_kernel', 'pointwise_kernel'], 'separable_conv2d'],
    [['gamma', 'beta', 'moving_mean', 'moving_variance'], 'batch_normalization'],
    [['beta', 'moving_mean', 'moving_variance'], 'batch_normalization'],
  ])('of %j is %s', (weightNames, kind) => {
    expect(kindOf(weightNames)).toBe(kind);
  });
});

describe('isTopName', () => {
  it.each([
    ['predictions', 'predictions', true],
    ['Logits', 'predictions', true],
    ['conv_preds', 'conv_preds', true],
    ['Logits', 'conv_preds', false],
    ['predictions', 'conv_preds', false],
    ['head', 'predictions', false],
  ])('%s for %s: %s', (name, top, is) => {
    expect(isTopName(name, top)).toBe(is);
  });
});

describe('weightName', () => {
  it.each([
    ['conv1', 'conv1/conv1/kernel:0', 'kernel'],
    ['conv1', 'conv1/kernel', 'kernel'],
    ['conv1', 'conv1_W:0', 'kernel'],
    ['conv1', 'conv1_W_1:0', 'kernel'],
    ['conv_dw_1', 'conv_dw_1/depthwise_kernel:0', 'kernel'],
    ['conv_dw_1', 'conv_dw_1/kernel', 'kernel'],
    ['sepconv1', 'sepconv1_depthwise_kernel:0', 'kernel'],
    ['sepconv1', 'sepconv1/pointwise_kernel:0', 'pointwise_kernel'],
    ['sepconv1', 'sepconv1_pointwise_kernel:0', 'pointwise_kernel'],
    ['bn', 'bn/moving_mean:0', 'moving_mean'],
    ['bn', 'bn_running_mean:0', 'moving_mean'],
    ['bn', 'bn_running_std_1:0', 'moving_variance'],
    ['bn', 'bn_gamma:0', 'gamma'],
    ['bn', 'other_gamma:0', 'other_gamma'],
    ['bn', 'kernel', 'kernel'],
  ])('of layer %s, %s, is %s', (layer, stored, name) => {
    expect(weightName(layer, stored)).toBe(name);
  });
});
