import tf from '@chorus/tfjs';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { generatorFor } from './random/generator-for.ts';

/** A tensor of seeded random numbers, uniform in low..high. */
export function seededTensor<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  low: number,
  high: number,
  seed = 0,
): tf.Tensor<R> {
  const random = generatorFor(seed, shape.join());
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => low + (high - low) * uniformFloat32(random),
  );
  return tf.tensor(values, shape);
}

/** Noise images, 0..255. */
export function noiseImages(count: number, size: number, seed = 0): tf.Tensor4D {
  return seededTensor<tf.Rank.R4>([count, size, size, 3], 0, 255, seed);
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`cannot compare ${a.length} numbers with ${b.length}`);
  let largest = 0;
  // A loop, because there may be millions of numbers.
  for (let index = 0; index < a.length; index += 1) largest = Math.max(largest, Math.abs(a[index]! - b[index]!));
  return largest;
}
