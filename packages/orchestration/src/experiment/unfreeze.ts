/** Gradual unfreezing of the fine-tune stage. */
import { z } from 'zod';

export const unfreezeSchema = z
  .enum(['at-once', 'gradual'])
  .default('at-once')
  .describe(
    "How all layers start to train: `at-once`, or `gradual`: the backbone's last block first, then its last 2, 4, 8 … blocks, one epoch each, for at most half of `epochCount`.",
  );

/** What is wrong with gradual unfreezing; undefined if nothing. */
export function unfreezeMistake({
  lastLayers,
  unfreeze,
}: {
  lastLayers: number | 'all';
  unfreeze: z.output<typeof unfreezeSchema>;
}): string | undefined {
  if (unfreeze === 'at-once' || lastLayers === 'all') return undefined;
  return `expected "at-once", because recipe.fineTune.lastLayers is ${lastLayers} instead of "all"`;
}

/**
 * Numbers of last blocks that train before all layers do, one epoch each.
 *
 * @param blockCount blocks of the backbone.
 * @param epochCount epochs of the whole stage.
 */
export function gradualBlocks(blockCount: number, epochCount: number): number[] {
  const doubling = Array.from({ length: Math.floor(epochCount / 2) }, (_, index) => 2 ** index);
  return doubling.filter((blocks) => blocks < blockCount);
}
