import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/**
 * A stream of numbers of its own for every name, so that no draw depends on the order in which things are built.
 *
 * The seed of the stream is FNV-1a (Fowler, Noll, Vo; 32 bits) over the text `seed/name`.
 */
export function generatorFor(seed: number, name: string): RandomGenerator {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${seed}/${name}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return xoroshiro128plus(hash);
}
