import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesTensor } from './bytes-tensor.ts';
import { compile } from './functions/compile.ts';
import { nothingStays } from './functions/nothing-stays.fixture.ts';
import { useNativeBackend } from './native-backend.fixture.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

const values = (...shape: number[]) =>
  Uint8Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, index) => (index * 37) % 256);

describe('bytesTensor', () => {
  it.each([[[]], [[1]], [[256]], [[2, 3, 4, 5]], [[0, 4]]])('stores the values for shape %j', (shape) => {
    const given = shape.length === 0 ? Uint8Array.of(200) : values(...shape);
    const tensor = bytesTensor(given, shape);
    expect([tensor.shape, tensor.dtype]).toEqual([shape, 'int32']);
    const compiled = own(compile((x: tf.Tensor) => tf.cast(x, 'float32')));
    for (const result of [tf.cast(tensor, 'float32'), compiled(tensor)]) {
      expect(result.shape).toEqual(shape);
      expect([...result.dataSync()]).toEqual([...given]);
    }
  });

  it('accepts a subarray', () => {
    const tensor = bytesTensor(values(100).subarray(33, 36), [3]);
    expect([...tf.cast(tensor, 'int32').dataSync()]).toEqual([...values(100).subarray(33, 36)]);
  });

  it('accepts shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(9);
    const tensor = bytesTensor(shared, [64]);
    expect(tf.sum(tf.cast(tensor, 'int32')).dataSync()[0]).toBe(9 * 64);
  });

  it('uses one byte per value in TensorFlow, whose ops accept uint8', () => {
    const tensor = bytesTensor(values(2, 3), [2, 3]);
    const turned = own(compile((x: tf.Tensor) => tf.cast(tf.transpose(x), 'float32')));
    // Transpose expects int32 and reports the mismatch.
    expect(() => turned(tensor)).toThrow(/Transpose .*DT_INT32 vs\. DT_UINT8|DT_UINT8 vs\. DT_INT32/);
  });

  it('rejects reads from JavaScript', () => {
    expect(() => bytesTensor(values(4), [4]).dataSync()).toThrow();
  });

  it('rejects a number of values that does not match the shape, and leaves no tensor', () => {
    expect(() => bytesTensor(values(4), [5])).toThrow(/num_elements=5, array_length=4/);
  });

  it('remains valid while a clone exists', () => {
    const tensor = bytesTensor(values(1000), [1000]);
    const clone = tensor.clone();
    tensor.dispose();
    expect(tf.sum(tf.cast(clone, 'int32')).dataSync()[0]).toBe(values(1000).reduce((sum, value) => sum + value, 0));
  });
});
