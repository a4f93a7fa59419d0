import type { ImageSplit } from '@chorus/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetFingerprint } from './dataset-fingerprint.ts';

const images = ['train/café/1.png', 'train/café/2.png', 'train/thé/1.png', 'test/café/1.png', 'test/thé/1.png'].map(
  (relativePath) => ({ relativePath: relativePath.normalize('NFC'), sizeBytes: 100 }),
);
const hashes = ['aa', 'bb', 'cc', 'dd', null];
const split: ImageSplit = {
  test: Uint32Array.of(3, 4),
  folds: [{ fold: { kind: 'holdout' }, fit: Uint32Array.of(0), tune: Uint32Array.of(1), outOfFold: Uint32Array.of(2) }],
};
const before = datasetFingerprint(images, hashes, split);

describe('datasetFingerprint', () => {
  it.each<[string, string]>([
    [
      'an image whose bytes changed and whose size did not',
      datasetFingerprint(images, ['aa', 'xx', 'cc', 'dd', null], split),
    ],
    ['two swapped images', datasetFingerprint(images, ['bb', 'aa', 'cc', 'dd', null], split)],
    ['a skipped image that has become usable', datasetFingerprint(images, ['aa', 'bb', 'cc', 'dd', 'ee'], split)],
    [
      'a skipped image of another size',
      datasetFingerprint(
        images.map((image, index) => (index === 4 ? { ...image, sizeBytes: 101 } : image)),
        hashes,
        split,
      ),
    ],
    [
      'a renamed image',
      datasetFingerprint(
        images.map((image, index) => (index === 0 ? { ...image, relativePath: 'train/café/0.png' } : image)),
        hashes,
        split,
      ),
    ],
    ['a removed image', datasetFingerprint(images.slice(0, 4), hashes.slice(0, 4), split)],
    [
      'another split',
      datasetFingerprint(images, hashes, {
        ...split,
        folds: [{ ...split.folds[0]!, fit: Uint32Array.of(1), tune: Uint32Array.of(0) }],
      }),
    ],
  ])('changes with %s', (_, after) => expect(after).not.toBe(before));

  it('does not depend on the Unicode form of names or the order of the images', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), fc.boolean(), (order, isNfd) => {
        const moved = order.map((index) => ({
          ...images[index]!,
          relativePath: images[index]!.relativePath.normalize(isNfd ? 'NFD' : 'NFC'),
        }));
        const at = (indices: Uint32Array) => indices.map((index) => order.indexOf(index)).sort();
        const after = datasetFingerprint(
          moved,
          order.map((index) => hashes[index]!),
          {
            test: at(split.test),
            folds: split.folds.map(({ fold, fit, tune, outOfFold }) => ({
              fold,
              fit: at(fit),
              tune: at(tune),
              outOfFold: at(outOfFold),
            })),
          },
        );
        expect(after).toBe(before);
      }),
    );
  });
});
