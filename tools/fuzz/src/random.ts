import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** The random numbers of one input: a stream of its own for each target, seed and iteration. */
export function randomOf(target: string, seed: number, iteration: number): RandomGenerator {
  return xoroshiro128plus(createHash('sha256').update(`${target}/${seed}/${iteration}`).digest().readInt32LE());
}

/** A whole number from 0 to `count` − 1. */
export function below(random: RandomGenerator, count: number): number {
  return uniformInt(random, 0, count - 1);
}

export function pick<Item>(random: RandomGenerator, items: readonly Item[]): Item {
  return items[below(random, items.length)]!;
}
