import { createPixelStore, type ImageBatch } from '@chorus/data';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { augmentPixels } from './augment/augment-pixels.ts';
import { drawParameters, parametersOf } from './augment/parameters.ts';
import { unchanged } from './augment/settings.ts';
import { type DrawnCopies, versionsOf } from './cached-copies.ts';
import { CopyReader } from './copy-reader.ts';
import { publishImages } from './engines.fixture.ts';
import { ImageReader } from './image-reader.ts';

const [size, imageCount] = [32, 40];
const handle = createPixelStore(imageCount, size);
const everyImage = Uint32Array.from({ length: imageCount }, (_, index) => index);

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  publishImages(handle);
});

const copies: DrawnCopies = {
  count: 3,
  augmentation: { kind: 'random', ...unchanged, flip: false, cropArea: 0.5, rotation: 30, contrast: 0.3, erase: 0.3 },
  seed: 5,
};
const batchOf = (indices: Uint32Array): ImageBatch => ({ indices, flips: new Uint8Array(indices.length) });
const bytesOf = (changes: Partial<DrawnCopies>, copy: number, indices = everyImage) => {
  const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
  return new CopyReader(images, { ...copies, ...changes }, copy).bytes(batchOf(indices));
};

describe('copies of images', () => {
  it('are augmented as in the training step, rounded, and leave no tensor', () => {
    const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const parameters = drawParameters(copies.augmentation, everyImage, { seed: 5, epochIndex: 2, size });
    const expected = tf.tidy(() =>
      augmentPixels(images.read(batchOf(everyImage)), parametersOf({ parameters })[0]!, copies.augmentation).dataSync(),
    );
    const before = tf.memory().numTensors;
    const bytes = bytesOf({}, 2);
    expect(tf.memory().numTensors).toBe(before);
    expect(bytes).toHaveLength(expected.length);
    expect(bytes.every((value, index) => Math.abs(value - expected[index]!) <= 0.5001)).toBe(true);
  });

  it('depend on the seed, the image and the number of the copy, but not on the batch', () => {
    const bytes = bytesOf({}, 1);
    expect(bytesOf({}, 1)).toEqual(bytes);
    expect(bytesOf({}, 2)).not.toEqual(bytes);
    expect(bytesOf({ seed: 6 }, 1)).not.toEqual(bytes);
    const imageLength = size * size * 3;
    expect(bytesOf({}, 1, Uint32Array.of(7, 3)).subarray(imageLength)).toEqual(
      bytes.subarray(3 * imageLength, 4 * imageLength),
    );
  });

  it('are flipped half of the time, if the augmentation flips', () => {
    const flipsOnly = { kind: 'random', ...unchanged, flip: true } as const;
    const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const imageLength = size * size * 3;
    const bytes = bytesOf({ augmentation: flipsOnly }, 1);
    const flipped = Array.from(everyImage, (image) => {
      const at = image * imageLength;
      const flips = Uint8Array.of(1);
      const mirror = images.bytes({ indices: Uint32Array.of(image), flips });
      return Buffer.compare(bytes.subarray(at, at + imageLength), mirror) === 0;
    });
    const count = flipped.filter((one) => one).length;
    expect(count).toBeGreaterThan(imageCount / 4);
    expect(count).toBeLessThan((3 * imageCount) / 4);
    expect(bytesOf({ augmentation: { ...flipsOnly, flip: false } }, 1)).toEqual(images.bytes(batchOf(everyImage)));
  });

  it('pads a batch with zeros', () => {
    const images = new ImageReader(handle, new SharedArrayBuffer(imageCount));
    const bytes = new CopyReader(images, copies, 1).bytes(batchOf(Uint32Array.of(2)), 2);
    expect(bytes).toHaveLength(2 * size * size * 3);
    expect(bytes.subarray(size * size * 3).every((value) => value === 0)).toBe(true);
  });
});

it('an image has each of its versions once in count + 1 epochs', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(1e6), fc.nat(1000), (count, image, firstEpoch) => {
      const versions = Array.from(
        { length: count + 1 },
        (_, epoch) => versionsOf(Uint32Array.of(image), { count }, { epochIndex: firstEpoch + epoch })[0]!,
      );
      expect(versions.toSorted((a, b) => a - b)).toEqual(versions.map((_, index) => index));
    }),
  );
});
