import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stratifiedFolds } from './folds.ts';

it('deals every row to one fold, with class counts within one, the same for the same seed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 2, max: 8 }),
      fc.nat(),
      (labels, count, seed) => {
        const folds = stratifiedFolds(labels, count, seed);
        expect(folds.flat().toSorted((a, b) => a - b)).toEqual(labels.map((_, row) => row));
        expect(folds.every((fold) => fold.length > 0)).toBe(true);
        expect(stratifiedFolds(labels, count, seed)).toEqual(folds);
        if (folds.length < count) return;
        for (const label of new Set(labels)) {
          const counts = folds.map((fold) => fold.filter((row) => labels[row] === label).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});
