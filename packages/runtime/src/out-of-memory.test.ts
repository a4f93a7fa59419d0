import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from './functions/compile.ts';
import { useNativeBackend } from './native-backend.fixture.ts';
import { isOutOfMemory } from './out-of-memory.ts';

beforeAll(() => {
  useNativeBackend();
});

const million = 2 ** 20;
/** 16 TB from 4 MB; TensorFlow waits for so much memory for 10 seconds. */
const tooLarge = (x: tf.Tensor) => tf.tile(x, [4 * million]);

const sumOfOneAndTwo = () => tf.tidy(() => tf.add(1, 2).dataSync()[0]);

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('Expected an error');
}

describe('isOutOfMemory', () => {
  it('42: recognizes a tensor that does not fit, op by op, and the next operation works', () => {
    expect(isOutOfMemory(errorOf(() => tf.tidy(() => tooLarge(tf.zeros([million])))))).toBe(true);
    expect(sumOfOneAndTwo()).toBe(3);
  });

  it('42: recognizes a tensor that does not fit, compiled, and the next operation works', () => {
    const compiled = compile(tooLarge);
    expect(isOutOfMemory(errorOf(() => tf.tidy(() => compiled(tf.zeros([million])))))).toBe(true);
    expect(sumOfOneAndTwo()).toBe(3);
    compiled.dispose();
  });

  it.each([
    ['an operation with wrong shapes', () => errorOf(() => tf.matMul(tf.zeros([2, 3]), tf.zeros([2, 3])))],
    ['a text', () => 'Invalid TF_Status: 8\n'],
    ['nothing', () => undefined],
  ])('is false for the error of %s', (_, error) => {
    expect(isOutOfMemory(error())).toBe(false);
  });
});
