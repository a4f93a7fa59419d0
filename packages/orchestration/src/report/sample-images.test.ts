import { expect, it } from 'vitest';
import type { Dataset } from '../run/dataset.ts';
import { sampleImages } from './sample-images.ts';

/** Images 0 to 29 of two classes in turn; the last ten are test images. */
const dataset = {
  classes: ['a', 'b', 'c'],
  images: Array.from({ length: 30 }, (_, index) => ({ relativePath: `${index}.jpg`, label: index % 2 })),
  split: {
    test: Uint32Array.from({ length: 10 }, (_, index) => 20 + index),
    folds: [{ fold: { kind: 'holdout' }, ...foldOf(14, 3, 3) }],
  },
} as unknown as Pick<Dataset, 'classes' | 'images' | 'split'>;

function foldOf(fit: number, tune: number, outOfFold: number) {
  const range = (from: number, length: number) => Uint32Array.from({ length }, (_, index) => from + index);
  return { fit: range(0, fit), tune: range(fit, tune), outOfFold: range(fit + tune, outOfFold) };
}

it('draws training images of each class by the seed, each once', () => {
  const sample = sampleImages(dataset, 1);
  expect(sample.map((one) => [one.class, one.paths.length, new Set(one.paths).size])).toEqual([
    ['a', 8, 8],
    ['b', 8, 8],
    ['c', 0, 0],
  ]);
  for (const [label, { paths }] of sample.entries())
    for (const path of paths) {
      const index = Number.parseInt(path, 10);
      expect(index).toBeLessThan(20);
      expect(index % 2).toBe(label);
    }
  expect(sampleImages(dataset, 1)).toEqual(sample);
  expect(sampleImages(dataset, 2)).not.toEqual(sample);
});
