import type { Stacking } from '../stacking.ts';
import { type Conflict, conflictAt } from './conflict.ts';

export interface ImageKeys {
  data: { shrinkOnLoad: boolean };
  flaws: { aliasedResize: boolean };
  split: { tune: number; test: number };
  stacking: Stacking;
}

/** Conflicts between the keys that split and decode images. */
export function imageConflicts({ data, flaws, split, stacking }: ImageKeys): Conflict[] {
  const kept = 1 - split.tune - split.test - (stacking.kind === 'holdout' ? stacking.fraction : 0);
  return [
    ...conflictAt(
      ['split'],
      kept < 0.05
        ? `expected tune, test${stacking.kind === 'holdout' ? ` and stacking.fraction (${stacking.fraction})` : ''} to leave at least 5 % for training`
        : undefined,
    ),
    ...conflictAt(
      ['data', 'shrinkOnLoad'],
      data.shrinkOnLoad && flaws.aliasedResize
        ? 'expected false with flaws.aliasedResize, because a decoder that scales averages pixels'
        : undefined,
    ),
  ];
}
