import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** The Fisher–Yates shuffle, in place. */
export function shuffle<Item>(items: Item[], random: RandomGenerator): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = uniformInt(random, 0, last);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
}
