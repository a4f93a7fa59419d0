import tf from '@chorus/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../functions/compile.ts';
import { nothingStays } from '../functions/nothing-stays.fixture.ts';
import { useNativeBackend } from '../native-backend.fixture.ts';
import { statelessUniform } from './stateless-uniform.ts';

beforeAll(() => {
  useNativeBackend();
});
const own = nothingStays();

function draw(seed: tf.Tensor, shape: number[]): tf.Tensor {
  return tf.engine().runKernel(statelessUniform, { seed }, { shape }) as tf.Tensor;
}

function seedOf(seed: number, step: number): tf.Tensor1D {
  return tf.tensor1d([seed, step], 'int32');
}

describe('seeded random numbers', () => {
  it('are uniform in [0, 1)', () => {
    const values = draw(seedOf(1, 2), [100, 1000]).dataSync();
    const counts = new Array<number>(10).fill(0);
    for (const value of values) {
      expect(value >= 0 && value < 1).toBe(true);
      counts[Math.floor(value * 10)]! += 1;
    }
    // 10,000 expected in each bin; five standard deviations are 474.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(474);
  });

  it.each([[[]], [[0]], [[3]], [[2, 3, 4]], [[1001]]])('have the shape %j', (shape) => {
    expect(draw(seedOf(1, 2), shape).shape).toEqual(shape);
  });

  it('depend only on the seed and the step', () => {
    const values = (seed: number, step: number) => draw(seedOf(seed, step), [8]).dataSync();
    expect(values(1, 1)).toEqual(values(1, 1));
    for (const [seed, step] of [
      [1, 2],
      [2, 1],
      [-1, 1],
      [0, 0],
    ] as const)
      expect(values(seed, step)).not.toEqual(values(1, 1));
  });
});

describe('in a compiled function', () => {
  /** Dropout with a fixed seed and the step as an argument. */
  const dropout = (x: tf.Tensor, step: tf.Tensor) => {
    const seed = tf.stack([tf.scalar(7, 'int32'), step]) as tf.Tensor1D;
    const stays = tf.greaterEqual(draw(seed, x.shape), 0.25);
    return tf.mul(x, tf.mul(tf.cast(stays, 'float32'), 4 / 3));
  };
  const step = (count: number) => tf.scalar(count, 'int32');
  const x = () => tf.ones([50, 7]);

  it.each([false, true])(
    'they are drawn again at each call and depend only on the step (grappler: %s)',
    (optimizes) => {
      const compiled = own(compile(dropout, { optimizes }));
      const masks = [1, 2, 3, 2].map((count) => compiled(x(), step(count)).dataSync());
      expect(masks[1]).not.toEqual(masks[0]);
      expect(masks[2]).not.toEqual(masks[0]);
      expect(masks[2]).not.toEqual(masks[1]);
      expect(masks[3]).toEqual(masks[1]);
      expect(compiled.metrics.traceCount).toBe(1);
    },
  );

  it('they are bit-equal to those of the eager call and of a function compiled again', () => {
    const eager = [1, 2].map((count) => dropout(x(), step(count)).dataSync());
    for (const _ of [1, 2]) {
      const compiled = own(compile(dropout));
      expect([1, 2].map((count) => compiled(x(), step(count)).dataSync())).toEqual(eager);
    }
  });

  it('two draws in one step differ by their seeds', () => {
    const compiled = own(
      compile((seed: tf.Tensor) => [draw(seed, [9]), draw(tf.add(seed, tf.scalar(1, 'int32')), [9])]),
    );
    const [first, second] = compiled(seedOf(1, 1)) as [tf.Tensor, tf.Tensor];
    expect(first.dataSync()).not.toEqual(second.dataSync());
  });
});
