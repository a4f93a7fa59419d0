import { splitImages, trainingImages } from '@chorus/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatherOutOfFold } from './out-of-fold.ts';

/** Logits that say which image and output they are of. */
const logitsOf = (indices: Uint32Array, outputCount: number) =>
  Float32Array.from([...indices].flatMap((index) => Array.from({ length: outputCount }, (_, one) => index + one / 8)));

describe('gatherOutOfFold', () => {
  it('covers every training image exactly once, in order, whatever part finished first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 12, max: 40 }), { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (counts, folds, outputCount, seed) => {
          const images = counts.flatMap((count, label) =>
            Array.from({ length: count }, (_, index) => {
              const path = `${label}/${index}.jpg`;
              return { path, relativePath: path, label, role: null, sizeBytes: 1, mtimeMs: 0 };
            }),
          );
          const split = splitImages(
            { images, classes: counts.map((_, label) => String(label)), root: '/data' },
            {
              ...{ seed, tune: 0.1, test: 0.2, testMultipleOf: 1 },
              stacking: { kind: 'kfold', folds, members: 'average' },
            },
          );
          const answers = split.parts
            .map((part) => ({ part, logits: logitsOf(part.outOfFold, outputCount) }))
            .toSorted((a, b) => ((a.part.fit[0]! * 7919 + seed) % 5) - ((b.part.fit[0]! * 7919 + seed) % 5));
          const { indices, logits } = gatherOutOfFold(answers, outputCount);
          expect(indices).toEqual(trainingImages(split));
          expect(logits).toEqual(logitsOf(indices, outputCount));
        },
      ),
    );
  });

  const part = (name: string, ...outOfFold: number[]) => ({ name, outOfFold: Uint32Array.from(outOfFold) });

  it('refuses an image that was held out twice', () => {
    const twice = [
      { part: part('fold-1', 0, 1), logits: new Float32Array(2) },
      { part: part('fold-2', 1, 2), logits: new Float32Array(2) },
    ];
    expect(() => gatherOutOfFold(twice, 1)).toThrow('image 1 was held out twice, the second time by fold-2');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a logit of %d', (broken) => {
    const spoiled = [{ part: part('fold-1', 0, 1), logits: Float32Array.of(0, broken) }];
    expect(() => gatherOutOfFold(spoiled, 1)).toThrow('expected finite logits of fold-1');
  });

  it('refuses logits of other images', () => {
    expect(() => gatherOutOfFold([{ part: part('fold-1', 0, 1), logits: new Float32Array(3) }], 1)).toThrow(
      'expected 2 × 1 logits of fold-1, received 3',
    );
  });
});
