import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelError } from '../errors.ts';
import type { SafetensorsType, StoredTensor } from './safetensors-file.ts';
import { torchLayers } from './torch-layers.ts';

beforeAll(() => tf.setBackend('cpu'));

function tensor(name: string, shape: number[], dtype: SafetensorsType = 'F32'): StoredTensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return { name, dtype, shape, read: () => Float32Array.from({ length: size }, (_, index) => index) };
}

const layersOf = (...tensors: StoredTensor[]) =>
  torchLayers('some.safetensors', tensors).map(({ name, weights }) => [
    name,
    weights.map((weight) => `${weight.name} [${weight.shape.join(', ')}]`),
  ]);

describe('torchLayers', () => {
  it.each<[string, StoredTensor[], [string, string[]][]]>([
    ['a convolution', [tensor('conv_stem.weight', [32, 3, 5, 4])], [['conv_stem', ['kernel [5, 4, 3, 32]']]]],
    [
      'a depthwise convolution',
      [tensor('blocks.0.0.conv_dw.weight', [32, 1, 5, 4])],
      [['blocks.0.0.conv_dw', ['kernel [5, 4, 32, 1]']]],
    ],
    [
      'BatchNorm, whose counter of batches is left out',
      [
        tensor('bn1.running_var', [32]),
        tensor('bn1.num_batches_tracked', [], 'I64'),
        tensor('bn1.bias', [32]),
        tensor('bn1.weight', [32]),
        tensor('bn1.running_mean', [32]),
      ],
      [['bn1', ['gamma [32]', 'beta [32]', 'moving_mean [32]', 'moving_variance [32]']]],
    ],
    [
      'a BatchNorm with a weight more and one less',
      [tensor('bn1.running_mean', [8]), tensor('bn1.other', [8]), tensor('bn1.weight', [8])],
      [['bn1', ['gamma [8]', 'moving_mean [8]', 'other [8]']]],
    ],
    [
      'a dense layer, its bias first',
      [tensor('classifier.bias', [10]), tensor('classifier.weight', [10, 7])],
      [['classifier', ['kernel [7, 10]', 'bias [10]']]],
    ],
    [
      'other tensors, as they are',
      [tensor('cls_token', [1, 1, 8]), tensor('norm.weight', [8]), tensor('norm.bias', [8])],
      [
        ['', ['cls_token [1, 1, 8]']],
        ['norm', ['weight [8]', 'bias [8]']],
      ],
    ],
  ])('has the weights of %s', (_, tensors, expected) => {
    expect(layersOf(...tensors)).toEqual(expected);
  });

  it.each(['F16', 'BF16', 'F64', 'I64'] as const)('refuses %s', (dtype) => {
    const convert = () => layersOf(tensor('conv.weight', [1, 1], dtype));
    expect(convert).toThrow(ModelError);
    expect(convert).toThrow(
      `some.safetensors: conv.weight: expected 32-bit floats (F32), received ${dtype}; save model.float().state_dict().`,
    );
  });

  it('transposes as TensorFlow does', () => {
    const side = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(fc.tuple(side, side, side, side), (shape) => {
        const stored = tensor('conv.weight', shape);
        const [weight] = torchLayers('some.safetensors', [stored])[0]!.weights;
        const expected = tf.tidy(() => {
          const kernel = tf.tensor4d(stored.read(), shape);
          return tf.transpose(kernel, shape[1] === 1 ? [2, 3, 0, 1] : [2, 3, 1, 0]);
        });
        expect(weight!.shape).toEqual(expected.shape);
        expect(weight!.read()).toEqual(expected.dataSync());
        expected.dispose();
      }),
    );
  });
});
