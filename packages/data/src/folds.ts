import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { shuffle } from './shuffle.ts';

/**
 * Deals rows into folds so that every class is spread as evenly as it can be.
 *
 * @returns row lists, ascending, disjoint, together all rows; never an empty fold (fewer folds where rows are few).
 */
export function stratifiedFolds(labels: ArrayLike<number>, foldCount: number, seed: number): number[][] {
  const random = xoroshiro128plus(seed);
  const byClass = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row += 1) {
    const rows = byClass.get(labels[row]!) ?? [];
    rows.push(row);
    byClass.set(labels[row]!, rows);
  }
  const folds: number[][] = Array.from({ length: foldCount }, () => []);
  let next = 0;
  for (const label of [...byClass.keys()].toSorted((a, b) => a - b)) {
    const rows = shuffle(byClass.get(label)!, random);
    // One dealer for all classes: the folds' sizes differ by at most one.
    for (const row of rows) {
      folds[next % foldCount]!.push(row);
      next += 1;
    }
  }
  return folds.filter((fold) => fold.length > 0).map((fold) => fold.toSorted((a, b) => a - b));
}
