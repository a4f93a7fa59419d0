import { type ImageFile, type ImageSplit, type StackingImages, splitImages } from '@chorus/data';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { countImages } from '../run/count-images.ts';
import { expectedFacts, factsOf } from './dataset-facts.ts';

const stackings: fc.Arbitrary<StackingImages> = fc.oneof(
  fc.record({ kind: fc.constant('holdout' as const), fraction: fc.double({ min: 0.05, max: 0.3, noNaN: true }) }),
  fc.record({
    kind: fc.constant('kfold' as const),
    folds: fc.integer({ min: 2, max: 5 }),
    members: fc.constantFrom('refit' as const, 'average' as const),
  }),
);
// Together with the stackers' share, they leave images of each class to train on.
const shares = fc.double({ min: 0.05, max: 0.25, noNaN: true });

function splitOf(imagesPerClass: number, plan: { tune: number; test: number; stacking: StackingImages }): ImageSplit {
  const images = Array.from({ length: 2 * imagesPerClass }, (_, index): ImageFile => {
    const label = index % 2;
    const relativePath = `${label}/${index}.jpg`;
    return { path: `/${relativePath}`, relativePath, sizeBytes: 1, mtimeMs: 0, label, role: null };
  });
  return splitImages({ images, classes: ['a', 'b'], root: '/' }, { ...plan, seed: 1, testMultipleOf: 1 });
}

describe('factsOf', () => {
  it('counts every image once in each fold; the report has the same counts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 24, max: 60 }),
        shares,
        shares,
        stackings,
        (perClass, tune, testShare, stacking) => {
          const split = splitOf(perClass, { tune, test: testShare, stacking });
          const facts = factsOf(split);
          expect(facts.trainingCount + facts.testCount).toBe(2 * perClass);
          for (const fold of facts.folds) expect(fold.fit + fold.tune + fold.outOfFold).toBe(facts.trainingCount);
          const { trainingCount, testCount, folds } = facts;
          expect(countImages(split)).toEqual({ training: trainingCount, test: testCount, folds });
        },
      ),
    );
  });

  it('counts the sets of each fold', () => {
    const indices = (...all: number[]) => Uint32Array.from(all);
    const split: ImageSplit = {
      test: indices(7, 8),
      folds: [
        { fold: { kind: 'fold', index: 0 }, fit: indices(0, 1, 2), tune: indices(3), outOfFold: indices(4, 5) },
        // With a flaw, the test images are used for tuning, but are not training images.
        { fold: { kind: 'all' }, fit: indices(0, 1, 2, 3, 4, 5), tune: indices(7, 8), outOfFold: indices() },
      ],
    };
    expect(factsOf(split)).toEqual({
      trainingCount: 6,
      testCount: 2,
      folds: [
        { fold: { kind: 'fold', index: 0 }, fit: 3, tune: 1, outOfFold: 2 },
        { fold: { kind: 'all' }, fit: 6, tune: 2, outOfFold: 0 },
      ],
    });
  });
});

describe('expectedFacts', () => {
  const counts = { trainingCount: 1000, testCount: 200 };
  const factsFor = (stacking: StackingImages, tune = 0.1) =>
    expectedFacts({ split: { tune, test: 0.2 }, stacking }, counts);

  test.each<[string, StackingImages, [string, number, number, number][]]>([
    ['a hold-out', { kind: 'holdout', fraction: 0.2 }, [['holdout', 720, 80, 200]]],
    ["the members' own images", { kind: 'training-images' }, [['all', 900, 100, 1000]]],
    [
      'folds that are averaged',
      { kind: 'kfold', folds: 2, members: 'average' },
      [
        ['fold', 450, 50, 500],
        ['fold', 450, 50, 500],
      ],
    ],
    [
      'folds and a refit, which leaves nothing out',
      { kind: 'kfold', folds: 2, members: 'refit' },
      [
        ['fold', 450, 50, 500],
        ['fold', 450, 50, 500],
        ['all', 900, 100, 0],
      ],
    ],
  ])('uses the shares of %s', (_, stacking, expected) => {
    const { folds, ...rest } = factsFor(stacking);
    expect(rest).toEqual(counts);
    expect(folds.map(({ fold, fit, tune, outOfFold }) => [fold.kind, fit, tune, outOfFold])).toEqual(expected);
  });

  it('has every image once in each fold, and every fold once', () => {
    fc.assert(
      fc.property(stackings, shares, fc.nat(1e6), (stacking, tune, trainingCount) => {
        const { folds } = expectedFacts({ split: { tune, test: 0.2 }, stacking }, { trainingCount, testCount: 1 });
        for (const fold of folds) expect(fold.fit + fold.tune + fold.outOfFold).toBeCloseTo(trainingCount, 4);
        const outOfFold = folds.reduce((sum, fold) => sum + fold.outOfFold, 0);
        const all = stacking.kind === 'holdout' ? stacking.fraction * trainingCount : trainingCount;
        expect(outOfFold).toBeCloseTo(all, 4);
      }),
    );
  });
});
