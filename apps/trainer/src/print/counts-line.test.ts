import { expect, it } from 'vitest';
import { countsLine } from './counts-line.ts';

it('counts what lies in folds, not tune images out of a folder of their own', () => {
  const fold = (index: number) => ({ name: `fold-${index}`, fit: 20, tune: 10, outOfFold: 20 });
  const all = { name: 'all', fit: 40, tune: 10, outOfFold: 0 };
  expect(countsLine({ training: 50, test: 12, parts: [fold(1), fold(2), all] })).toBe(
    '40 in 2 folds (fit 20, tune 10, held out 20, then on all), test 12',
  );
});
