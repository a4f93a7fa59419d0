import { describe, expect, it } from 'vitest';
import { drawImages } from './draw-images.ts';

const labels = Array.from({ length: 500 }, (_, image) => image % 5);
const plain = { perClass: 40, imbalance: 1, noise: 0 };

function countsOf(some: readonly number[]): number[] {
  return Array.from({ length: 5 }, (_, label) => some.filter((one) => one === label).length);
}

describe('drawImages', () => {
  it('draws equally many images of each class, with their labels', () => {
    const { images, labels: given, mislabeled } = drawImages(labels, plain, 0);
    expect(new Set(images).size).toBe(200);
    expect(given).toEqual(images.map((image) => labels[image]));
    expect(countsOf(given)).toEqual([40, 40, 40, 40, 40]);
    expect(mislabeled).toEqual([]);
  });

  it('draws other images with another seed, and the same ones with the same seed', () => {
    expect(drawImages(labels, plain, 1)).toEqual(drawImages(labels, plain, 1));
    expect(drawImages(labels, plain, 1).images).not.toEqual(drawImages(labels, plain, 2).images);
  });

  it('draws classes of unequal size, each large enough for five folds', () => {
    expect(countsOf(drawImages(labels, { ...plain, imbalance: 20 }, 0).labels)).toEqual([40, 19, 9, 7, 7]);
  });

  it('gives a share of the images another label', () => {
    const { images, labels: given, mislabeled } = drawImages(labels, { ...plain, noise: 0.1 }, 0);
    expect(mislabeled).toHaveLength(20);
    expect(mislabeled).toEqual(images.filter((image, row) => labels[image] !== given[row]));
  });

  it('refuses a class with too few images', () => {
    expect(() => drawImages(labels, { ...plain, perClass: 101 }, 0)).toThrow(
      'Expected at least 101 images of class 0, received 100.',
    );
  });
});
