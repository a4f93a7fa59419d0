/** What `tools/golden/article.py` gives to Keras, bit for bit: its `draw`, `weight`, `images` and `labels`. */
import * as tf from '@tensorflow/tfjs';

export const imageCount = 16;
export const inputSize = 32;
/** Streams of {@link draw}; a model's weights have the streams 0, 1, … in its order. */
export const streams = { coarse: 1000, fine: 1001, stacker: 2000, answers: 2010, loss: 3000 };

/** Numbers 0 to below 1: MurmurHash3's finaliser over stream and index, in 32 bits. */
export function draw(stream: number, count: number): number[] {
  const key = Math.imul(stream + 1, 0x9e3779b1);
  return Array.from({ length: count }, (_, index) => {
    let h = index ^ key;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}

/** First values of a weight by its name. */
export function weight(stream: number, layerName: string, weightName: string, shape: readonly number[]): Float32Array {
  const numbers = draw(stream, tf.util.sizeFromShape([...shape]));
  return Float32Array.from(numbers, formulaFor(layerName, weightName, shape));
}

/** [N,S,S,3] RGB 0..255: patches of 8×8 px in one colour, and noise. The caller disposes. */
export function articleImages(): tf.Tensor4D {
  const patches = inputSize / 8;
  const fine = draw(streams.fine, imageCount * inputSize ** 2 * 3);
  const coarse = draw(streams.coarse, imageCount * patches ** 2 * 3);
  const pixels = fine.map((noise, index) => {
    const [channel, x] = [index % 3, Math.floor(index / 3) % inputSize];
    const [y, image] = [Math.floor(index / 3 / inputSize) % inputSize, Math.floor(index / 3 / inputSize ** 2)];
    const patch = (image * patches + Math.floor(y / 8)) * patches + Math.floor(x / 8);
    return Math.floor(64 * noise) + Math.floor(192 * coarse[patch * 3 + channel]!);
  });
  return tf.tensor4d(pixels, [imageCount, inputSize, inputSize, 3]);
}

export function articleLabels(count: number): number[] {
  return Array.from({ length: count }, (_, row) => Number((5 * row) % 7 < 3));
}

// --- internal ---

function formulaFor(layerName: string, weightName: string, shape: readonly number[]): (u: number) => number {
  // The first BatchNorm sees raw pixels.
  const raw = layerName === 'conv1_bn';
  switch (weightName) {
    case 'gamma':
    case 'beta':
      return (u) => u + 0.5;
    case 'bias':
      return (u) => u - 0.5;
    case 'moving_mean':
      return (u) => (u - 0.5) * (raw ? 200 : 1);
    case 'moving_variance':
      return (u) => (u + 0.5) * (raw ? 40_000 : 0.5);
    default: {
      const fanIn = tf.util.sizeFromShape(weightName === 'depthwise_kernel' ? shape.slice(0, 2) : shape.slice(0, -1));
      return (u) => (2 * u - 1) * Math.sqrt(6 / fanIn);
    }
  }
}
