/** Bit-equal to `formula.py`: weights, pixels and labels from a tensor's number and an element's index. */
import tf from '@chorus/tfjs';

/** Returns 32 bits, unsigned: MurmurHash3's finalizer over stream and index. */
export function bits(stream: number, index: number): number {
  let h = index ^ Math.imul(stream + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Returns numbers in [0, 1). */
export function draw(stream: number, count: number): Float64Array {
  const numbers = new Float64Array(count);
  // A loop, because there are millions of numbers.
  for (let index = 0; index < count; index += 1) numbers[index] = bits(stream, index) / 2 ** 32;
  return numbers;
}

/** Returns the initial values of a weight, by its name in Keras 2, such as `depthwise_kernel`. */
export function weight(stream: number, weightName: string, shape: readonly number[]): Float32Array {
  const [numbers, formula] = [draw(stream, sizeOf(shape)), formulaFor(weightName, shape)];
  const values = new Float32Array(numbers.length);
  for (let index = 0; index < values.length; index += 1) values[index] = formula(numbers[index]!);
  return values;
}

/** Returns [count, size, size, 3] RGB, integers 0..253: a color, 4 by 4 patches and noise. The caller disposes the tensor. */
export function images(stream: number, count: number, size: number): tf.Tensor4D {
  const colors = draw(stream, count * 3);
  const patches = draw(stream + 1, count * 4 * 4 * 3);
  const noise = draw(stream + 2, count * size * size * 3);
  const pixels = new Float32Array(noise.length);
  // Loops, because there are millions of numbers.
  let at = 0;
  for (let image = 0; image < count; image += 1)
    for (let y = 0; y < size; y += 1)
      for (let x = 0; x < size; x += 1) {
        const patch = (image * 4 + Math.floor((y * 4) / size)) * 4 + Math.floor((x * 4) / size);
        for (let channel = 0; channel < 3; channel += 1, at += 1) {
          const [color, brightness] = [colors[image * 3 + channel]!, patches[patch * 3 + channel]!];
          pixels[at] = Math.floor(128 * color) + Math.floor(64 * brightness) + Math.floor(64 * noise[at]!);
        }
      }
  return tf.tensor4d(pixels, [count, size, size, 3]);
}

/** Returns labels 0 or 1. */
export function labels(count: number): number[] {
  return Array.from({ length: count }, (_, row) => Number((5 * row) % 7 < 3));
}

// --- internal ---

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function formulaFor(weightName: string, shape: readonly number[]): (u: number) => number {
  switch (weightName) {
    case 'gamma':
      return (u) => u / 2 + 0.5;
    case 'beta':
      return (u) => u + (u > 0.98 ? 5.5 : 1);
    case 'bias':
    case 'moving_mean':
      return (u) => u - 0.5;
    case 'moving_variance':
      return (u) => (u + 0.5) * 0.25;
    default: {
      const bound = Math.sqrt(6 / sizeOf(weightName === 'depthwise_kernel' ? shape.slice(0, 2) : shape.slice(0, -1)));
      return (u) => (2 * u - 1) * bound;
    }
  }
}
