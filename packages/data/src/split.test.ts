import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageFile, SplitFolder } from './image-folder.ts';
import { splitImages, splitNames } from './split.ts';

const root = '/data';

function imagesOf(counts: number[], folder: SplitFolder | null, prefix = ''): ImageFile[] {
  return counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, index) => {
      const relativePath = `${prefix}${label}/${index}.jpg`;
      return { path: `${root}/${relativePath}`, relativePath, label, folder, sizeBytes: 1 };
    }),
  );
}

const anyCounts = fc.array(fc.integer({ min: 8, max: 60 }), { minLength: 2, maxLength: 5 });
const shares = { tune: 0.1, stack: 0.15, test: 0.2 };
const classesOf = (counts: number[]) => counts.map((_, label) => String(label));

describe('splitImages', () => {
  it('puts every image into one part, spreads the classes, and knows the order of images by nothing but their names', () => {
    fc.assert(
      fc.property(anyCounts, fc.nat(), fc.nat(), (counts, seed, turn) => {
        const images = imagesOf(counts, null);
        const split = splitImages({ images, classes: classesOf(counts), root }, { seed, shares });
        const all = splitNames.flatMap((name) => [...split[name]]);
        expect(all.toSorted((a, b) => a - b)).toEqual(images.map((_, index) => index));
        for (const [label, count] of counts.entries())
          for (const part of ['tune', 'stack', 'test'] as const) {
            const inPart = [...split[part]].filter((index) => images[index]!.label === label).length;
            expect(Math.abs(inPart - shares[part] * count)).toBeLessThanOrEqual(1);
          }
        // The same images in another order fall into the same parts.
        const turned = images.map((_, index) => images[(index + turn) % images.length]!);
        const again = splitImages({ images: turned, classes: classesOf(counts), root }, { seed, shares });
        for (const name of splitNames) {
          const paths = [...split[name]].map((index) => images[index]!.relativePath).toSorted();
          expect([...again[name]].map((index) => turned[index]!.relativePath).toSorted()).toEqual(paths);
        }
      }),
    );
  });

  it('takes a validation folder whole as the test set, and the other parts from train', () => {
    fc.assert(
      fc.property(anyCounts, fc.nat(), fc.constantFrom<SplitFolder>('validation', 'test'), (counts, seed, folder) => {
        const images = [...imagesOf(counts, 'train', 'train/'), ...imagesOf(counts, folder, `${folder}/`)];
        const split = splitImages({ images, classes: classesOf(counts), root }, { seed, shares });
        expect([...split.test].map((index) => images[index]!.folder)).toEqual(
          images.filter((image) => image.folder === folder).map(() => folder),
        );
        const others = [...split.fit, ...split.tune, ...split.stack].map((index) => images[index]!.folder);
        expect(others.every((name) => name === 'train')).toBe(true);
        expect(others.length + split.test.length).toBe(images.length);
      }),
    );
  });

  it('draws another split from another seed', () => {
    const folder = { images: imagesOf([50, 50], null), classes: ['0', '1'], root };
    expect(splitImages(folder, { seed: 1, shares }).test).not.toEqual(splitImages(folder, { seed: 2, shares }).test);
  });

  it('says how many images a class needs', () => {
    const folder = { images: imagesOf([3, 20], null), classes: ['cats', 'dogs'], root };
    expect(() => splitImages(folder, { seed: 0, shares })).toThrow(
      'Expected at least 4 images of class "cats" to train and test on in /data, received 3.',
    );
  });
});
