import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/**
 * Derives a separate seed for each purpose, so that its random numbers do not depend on other draws.
 *
 * FNV-1a (Fowler, Noll, Vo; 32 bits) of the text `seed/purpose`.
 */
export function seedFor(seed: number, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${purpose}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Creates a separate random generator for each purpose; see {@link seedFor}. */
export function randomFor(seed: number, purpose: string): RandomGenerator {
  return xoroshiro128plus(seedFor(seed, purpose));
}

/** Fisher-Yates shuffle, in place; returns the same array. */
export function shuffle<T extends { [index: number]: unknown; length: number }>(values: T, random: RandomGenerator): T {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = uniformInt(random, 0, last);
    [values[last], values[other]] = [values[other]!, values[last]!];
  }
  return values;
}
