import { epochBatches, type PixelStoreHandle } from '@chorus/data';
import tf from '@chorus/tfjs';
import { type Augmentation, flips } from '../augmentation.ts';
import { ImageReader } from '../image-reader.ts';
import { augmentPixels } from './augment-pixels.ts';
import { drawParameters, parametersOf } from './parameters.ts';

/**
 * Augments images of a store as a batch of training.
 *
 * @param options `indices`: the images; by default all, in the order of the store.
 * @returns [images, size, size, 3]
 */
export function previewAugmentation(
  pixels: PixelStoreHandle,
  augmentation: Augmentation,
  {
    seed,
    epochIndex,
    indices = Uint32Array.from({ length: pixels.count }, (_, index) => index),
  }: { seed: number; epochIndex: number; indices?: Uint32Array },
): Uint8Array {
  const { count, size } = pixels;
  const order = { batchSize: indices.length, seed, epochIndex, shuffle: false, flip: flips(augmentation) };
  const [batch] = epochBatches(indices, order);
  const images = new ImageReader(pixels, new SharedArrayBuffer(count));
  if (augmentation.kind !== 'random') return images.bytes(batch!);
  const parameters = drawParameters(augmentation, indices, { seed, epochIndex, size });
  return tf.tidy(() => {
    const augmented = augmentPixels(images.read(batch!), parametersOf({ parameters })[0]!, augmentation);
    // Interpolation leaves fractions, which are rounded.
    return new Uint8Array(Uint8ClampedArray.from(augmented.dataSync()).buffer);
  });
}
