import { type SplitPlan, splitImages, trainingImages } from '@chorus/data';
import { describe, expect, it } from 'vitest';
import { factsOf } from './dataset-facts.ts';
import { studentFacts, studentFold } from './student-fold.ts';

const images = Array.from({ length: 60 }, (_, index) => {
  const relativePath = `${index % 2}/${index}.jpg`;
  return { path: `/data/${relativePath}`, relativePath, label: index % 2, role: null, sizeBytes: 1, mtimeMs: 0 };
});

describe('studentFold', () => {
  it.each(['refit', 'average'] as const)(
    'has every training image once, and monitors those of the last fold: %s',
    (members) => {
      const stacking: SplitPlan['stacking'] = { kind: 'kfold', folds: 3, members };
      const plan = { seed: 1, tune: 0.2, test: 0.2, stacking, testMultipleOf: 1 };
      const split = splitImages({ images, classes: ['0', '1'], root: '/data' }, plan);
      const { fold, fit, tune, outOfFold } = studentFold(split.folds);
      expect(fold).toEqual({ kind: 'all' });
      expect(tune).toEqual(split.folds.at(-1)!.tune);
      expect(Uint32Array.from([...fit, ...tune]).sort()).toEqual(trainingImages(split));
      expect(fit).toEqual(fit.slice().sort());
      expect(outOfFold).toHaveLength(0);
      const counts = { fit: fit.length, tune: tune.length, outOfFold: 0 };
      expect(studentFacts(factsOf(split).folds)).toEqual({ fold, ...counts });
    },
  );
});
