import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { projectiveTransform } from './projective-transform.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

const transform = (images: tf.Tensor, transforms: tf.Tensor) =>
  tf.engine().runKernel(projectiveTransform, { images, transforms }) as tf.Tensor;

/** Rows of one image with one channel. */
const image = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];
const identity = [1, 0, 0, 0, 1, 0, 0, 0];

const table: [name: string, numbers: number[], expected: number[][]][] = [
  ['the identity', identity, image],
  ['a flip', [-1, 0, 2, 0, 1, 0, 0, 0], image.map((row) => row.toReversed())],
  [
    'a transposition',
    [0, 1, 0, 1, 0, 0, 0, 0],
    [
      [1, 4, 7],
      [2, 5, 8],
      [3, 6, 9],
    ],
  ],
  [
    'a move by half a pixel',
    [1, 0, 0.5, 0, 1, 0, 0, 0],
    [
      [1.5, 2.5, 3],
      [4.5, 5.5, 6],
      [7.5, 8.5, 9],
    ],
  ],
  [
    'a move that reflects the edge',
    [1, 0, 0, 0, 1, 2, 0, 0],
    [
      [7, 8, 9],
      [7, 8, 9],
      [4, 5, 6],
    ],
  ],
  [
    'a change of perspective',
    [1, 0, 0, 0, 1, 0, 1, 0],
    [
      [1, 1.5, 1 + 2 / 3],
      [4, 3, 8 / 3],
      [7, 4.5, 11 / 3],
    ],
  ],
];

describe.each(['eagerly', 'compiled'])('ChorusProjectiveTransform, %s', (way) => {
  const run =
    way === 'compiled' ? (...inputs: [tf.Tensor, tf.Tensor]) => own(compile(transform))(...inputs) : transform;

  it.each(table)('%s', (_, numbers, expected) => {
    const result = run(tf.tensor4d(image.flat(), [1, 3, 3, 1]), tf.tensor2d([numbers]));
    expect(result.shape).toEqual([1, 3, 3, 1]);
    for (const [index, value] of [...result.dataSync()].entries())
      expect(value).toBeCloseTo(expected.flat()[index]!, 5);
  });

  it('transforms each image by its own numbers, and each channel alike', () => {
    const images = tf
      .stack([image, image.map((row) => row.map((value) => 10 * value))])
      .expandDims(3)
      .tile([1, 1, 1, 2]);
    const result = run(images, tf.tensor2d([identity, [-1, 0, 2, 0, 1, 0, 0, 0]]));
    const [first, second] = result.arraySync() as number[][][][];
    expect(first!.flat(2)).toEqual(image.flat().flatMap((value) => [value, value]));
    expect(second!.flat(2)).toEqual(
      image.flatMap((row) => row.toReversed()).flatMap((value) => [10 * value, 10 * value]),
    );
  });
});
