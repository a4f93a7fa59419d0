import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatherOutOfFold } from './out-of-fold.ts';

/** Logits that show which image and output they belong to. */
const logitsOf = (indices: Uint32Array, outputCount: number) =>
  Float32Array.from([...indices].flatMap((index) => Array.from({ length: outputCount }, (_, one) => index + one / 8)));

describe('gatherOutOfFold', () => {
  it('returns every image once, in order, regardless of its fold and of the order of the folds', () => {
    const dealt = fc.array(fc.nat(5), { maxLength: 60 });
    fc.assert(
      fc.property(dealt, fc.integer({ min: 1, max: 3 }), fc.nat(5), (foldOf, outputCount, first) => {
        const folds = Array.from({ length: 6 }, (_, fold) => {
          const indices = Uint32Array.from(foldOf.keys()).filter((index) => foldOf[index] === fold);
          return { name: `fold-${fold + 1}`, indices, logits: logitsOf(indices, outputCount) };
        });
        const finished = [...folds.slice(first), ...folds.slice(0, first)];
        const { indices, logits } = gatherOutOfFold(finished, outputCount);
        expect([...indices]).toEqual([...foldOf.keys()]);
        expect(logits).toEqual(logitsOf(indices, outputCount));
      }),
    );
  });

  const fold = (name: string, indices: number[], logits: number[]) => ({
    name,
    indices: Uint32Array.from(indices),
    logits: Float32Array.from(logits),
  });

  it('refuses an image in two folds', () => {
    const twice = [fold('fold-1', [0, 1], [0, 0]), fold('fold-2', [1, 2], [0, 0])];
    expect(() => gatherOutOfFold(twice, 1)).toThrow('image 1 of fold-2 is also in another fold');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a logit of %d', (broken) => {
    expect(() => gatherOutOfFold([fold('fold-1', [0, 1], [0, broken])], 1)).toThrow(
      'expected finite logits for fold-1',
    );
  });

  it('refuses logits that do not match the images', () => {
    expect(() => gatherOutOfFold([fold('fold-1', [0, 1], [0, 0, 0])], 1)).toThrow(
      'expected 2 × 1 logits for fold-1, received 3',
    );
  });
});
