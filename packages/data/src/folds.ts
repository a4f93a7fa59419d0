import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { shuffle } from './shuffle.ts';

/**
 * Deals rows into folds with every class distributed as evenly as possible.
 *
 * @param sizes number of images per row; by default one.
 * @returns disjoint lists of ascending rows that together contain all rows; no fold is empty (few rows give fewer folds).
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  foldCount: number,
  seed: number,
  sizes?: ArrayLike<number>,
): number[][] {
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
    // Large rows come first. Each goes to the smallest of the folds with the fewest rows of its class.
    if (sizes !== undefined) rows.sort((a, b) => sizes[b]! - sizes[a]!);
    const rowCounts = new Array<number>(foldCount).fill(0);
    const imageCounts = new Array<number>(foldCount).fill(0);
    // Dealing continues across classes, so the folds' row counts differ by at most one.
    for (const row of rows) {
      let chosen = next % foldCount;
      for (let step = 1; step < foldCount; step += 1) {
        const fold = (next + step) % foldCount;
        const difference = rowCounts[fold]! - rowCounts[chosen]! || imageCounts[fold]! - imageCounts[chosen]!;
        if (difference < 0) chosen = fold;
      }
      folds[chosen]!.push(row);
      rowCounts[chosen]! += 1;
      imageCounts[chosen]! += sizes?.[row] ?? 1;
      next = chosen + 1;
    }
  }
  return folds.filter((fold) => fold.length > 0).map((fold) => fold.toSorted((a, b) => a - b));
}
