import { expect, it } from 'vitest';
import { countsLine } from './counts-line.ts';

it('counts the images in folds, and not tune images from a folder of their own', () => {
  const fold = (index: number) => ({ fold: { kind: 'fold' as const, index }, fit: 20, tune: 10, outOfFold: 20 });
  const all = { fold: { kind: 'all' as const }, fit: 40, tune: 10, outOfFold: 0 };
  expect(countsLine({ training: 50, test: 12, folds: [fold(0), fold(1), all] })).toBe(
    '40 in 2 folds (fit 20, tune 10, stack 20, then on all), test 12',
  );
});
