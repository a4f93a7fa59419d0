import { describe, expect, it } from 'vitest';
import { chooseWeightFile } from './choose-weight-file.ts';

const v2 = (alpha: string, size: number) =>
  `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${alpha}_${size}_no_top.h5`;

it.each([
  ['mobilenet', 1, 224, 'mobilenet_1_0_224_tf_no_top.h5'],
  ['mobilenet', 0.75, 192, 'mobilenet_7_5_192_tf_no_top.h5'],
  ['mobilenet', 0.5, 160, 'mobilenet_5_0_160_tf_no_top.h5'],
  ['mobilenet', 0.25, 128, 'mobilenet_2_5_128_tf_no_top.h5'],
  ['mobilenet-v2', 1, 224, v2('1.0', 224)],
  ['mobilenet-v2', 1.4, 96, v2('1.4', 96)],
  ['mobilenet-v2', 0.35, 128, v2('0.35', 128)],
  ['inception-v3', 1, 299, 'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5'],
  ['xception', 1, 299, 'xception_weights_tf_dim_ordering_tf_kernels_notop.h5'],
] as const)('%s %f at %i px is published as in keras-applications', (family, alpha, size, name) => {
  const folder = family.replace('-', '_');
  // The source of Keras has hashes of only these two.
  const md5 = {
    mobilenet: {},
    'mobilenet-v2': {},
    'inception-v3': { md5: 'bcbd6486424b2319ff4ef7d526e38f63' },
    xception: { md5: 'b0042744bf5b25fce3cb969f33bebb97' },
  }[family];
  const published = chooseWeightFile({ family, alpha }, size);
  expect(published).toMatchObject({ trainedSize: size, exact: true });
  expect(published!.file).toEqual({
    name,
    url: `https://storage.googleapis.com/tensorflow/keras-applications/${folder}/${name}`,
    ...md5,
  });
});

describe('chooseWeightFile', () => {
  const sizes = (...there: number[]) => there.map((size) => v2('1.0', size));

  it.each([
    [160, [128, 160, 224], 160, true],
    [160, [128, 192], 192, false],
    [160, [224], 224, false],
    [150, [224, 128, 160], 160, false],
    [32, [224, 96, 128], 96, false],
    [512, [96, 224], 224, false],
  ])('at %i px of %o takes %i', (inputSize, there, trainedSize, exact) => {
    const choice = chooseWeightFile({ family: 'mobilenet-v2' }, inputSize, sizes(...there));
    expect(choice).toMatchObject({ file: { name: v2('1.0', trainedSize) }, trainedSize, exact });
  });

  it('ignores other files', () => {
    const others = [
      'README.md',
      v2('0.75', 224),
      v2('1.0', 224).replace('_no_top', ''),
      'mobilenet_1_0_224_tf_no_top.h5',
    ];
    expect(chooseWeightFile({ family: 'mobilenet-v2' }, 224, others)).toBeUndefined();
    expect(chooseWeightFile({ family: 'mobilenet' }, 224, others)?.file.name).toBe('mobilenet_1_0_224_tf_no_top.h5');
    expect(chooseWeightFile({ family: 'mobilenet' }, 224, [])).toBeUndefined();
  });
});
