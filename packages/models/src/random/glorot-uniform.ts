import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { generatorFor } from './generator-for.ts';

/**
 * Keras' default initial values of a kernel: uniform in ±√(6 / (fan in + fan out)).
 *
 * Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
 *
 * @param shape [...window, in, out]; as in Keras, also for a depthwise kernel [h, w, channels, multiplier].
 * @param name the weight's; the same seed and name give the same values.
 */
export function glorotUniform(shape: readonly number[], seed: number, name: string): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const [fanIn, fanOut] = shape.slice(-2) as [number, number];
  const window = size / (fanIn * fanOut);
  const limit = Math.sqrt(6 / (window * (fanIn + fanOut)));
  const random = generatorFor(seed, name);
  const values = new Float32Array(size);
  // Takes a fifth of the time of Float32Array.from for 22 million numbers.
  for (let index = 0; index < size; index += 1) values[index] = (2 * uniformFloat32(random) - 1) * limit;
  return values;
}
