import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesTensor } from '../bytes-tensor.ts';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

type Type = 'float32' | 'int32' | 'bool';

/** Input values and the expected results. */
const table: [from: string, make: () => tf.Tensor, to: Type, expected: number[]][] = [
  ['float32', () => tf.tensor1d([-1.75, -0.5, 0, 0.9, 2.5]), 'int32', [-1, 0, 0, 0, 2]],
  ['float32', () => tf.tensor1d([-1.75, 0, 0.1]), 'bool', [1, 0, 1]],
  ['int32', () => tf.tensor1d([-(2 ** 31), 0, 7], 'int32'), 'float32', [-(2 ** 31), 0, 7]],
  ['int32', () => tf.tensor1d([-3, 0, 7], 'int32'), 'bool', [1, 0, 1]],
  ['bool', () => tf.tensor1d([1, 0], 'bool'), 'float32', [1, 0]],
  ['bool', () => tf.tensor1d([1, 0], 'bool'), 'int32', [1, 0]],
  ['float32', () => tf.tensor1d([-1.75, 0]), 'float32', [-1.75, 0]],
  ['int32', () => tf.tensor1d([-3, 7], 'int32'), 'int32', [-3, 7]],
  ['bool', () => tf.tensor1d([1, 0], 'bool'), 'bool', [1, 0]],
  ['bytes', () => bytesTensor(Uint8Array.of(0, 127, 128, 255), [4]), 'float32', [0, 127, 128, 255]],
  ['bytes', () => bytesTensor(Uint8Array.of(0, 127, 128, 255), [4]), 'int32', [0, 127, 128, 255]],
  ['bytes', () => bytesTensor(Uint8Array.of(0, 127, 128, 255), [4]), 'bool', [0, 1, 1, 1]],
];

describe('cast', () => {
  it.each(table)('from %s (%#) has the same result eagerly and compiled', (_, make, to, expected) => {
    const x = make();
    const compiled = own(compile((one: tf.Tensor) => tf.cast(one, to)));
    for (const result of [tf.cast(x, to), compiled(x)]) {
      expect(result.dtype).toBe(to);
      expect(result.shape).toEqual(x.shape);
      // Zeros of either sign are equal.
      expect([...result.dataSync()].map((value) => value + 0)).toEqual(expected);
    }
  });

  it('to the same type remains valid after the input is disposed', () => {
    const x = tf.tensor1d([1, 2]);
    const same = tf.cast(x, 'float32');
    x.dispose();
    expect([...same.dataSync()]).toEqual([1, 2]);
  });

  it('has the gradient of the standard kernel', () => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.cast(x, 'float32'), [1, 2])));
    const x = tf.tensor1d([3, 4]);
    const compiled = own(compile(gradient));
    for (const result of [gradient(x), compiled(x)]) expect([...result.dataSync()]).toEqual([1, 2]);
  });

  it('of complex numbers drops only the imaginary part', () => {
    const x = tf.complex([1, -2], [3, 4]);
    expect([...tf.cast(x, 'float32').dataSync()]).toEqual([1, -2]);
    expect([...tf.imag(tf.cast(tf.tensor1d([5]), 'complex64')).dataSync()]).toEqual([0]);
  });
});
