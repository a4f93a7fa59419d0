import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { philoxUniform } from './philox.ts';
import { statelessUniform } from './stateless-uniform.ts';

beforeAll(() => useNativeBackend());

/** Draws of the TensorFlow op. */
function drawn(seed: readonly [number, number], shape: readonly number[]): Float32Array {
  return tf.tidy(() => statelessUniform(tf.tensor1d([...seed], 'int32'), shape).dataSync<'float32'>());
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('philoxUniform', () => {
  it('is TensorFlow’s StatelessRandomUniform, bit for bit', () => {
    expect(tf.getKernel('ChorusStatelessUniform', 'tensorflow')).toBeDefined();
    fc.assert(
      fc.property(int32, int32, fc.nat(70), (a, b, length) => {
        expect(philoxUniform([a, b], length)).toEqual(drawn([a, b], [length]));
      }),
    );
  });

  it.each<[number, number]>([
    [0, 0],
    [-1, -1],
    [-(2 ** 31), 2 ** 31 - 1],
    [1, -1],
  ])('also with the seed %d, %d', (...seed) => {
    expect(philoxUniform(seed, 9)).toEqual(drawn(seed, [9]));
  });

  it('also where TensorFlow splits the work between threads', () => {
    expect(philoxUniform([3, 4], 300_001)).toEqual(drawn([3, 4], [300_001]));
  });
});

describe('statelessUniform', () => {
  it('draws the same in any shape and on backends without the op', async () => {
    const values = drawn([5, 6], [24]);
    expect(drawn([5, 6], [2, 3, 4])).toEqual(values);
    // tfjs recommends its native backend.
    vi.spyOn(console, 'warn').mockReturnValue();
    await tf.setBackend('cpu');
    try {
      expect(drawn([5, 6], [2, 3, 4])).toEqual(values);
    } finally {
      await tf.setBackend('tensorflow');
      vi.restoreAllMocks();
    }
  });
});
