import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { streamSeed } from './stream-seed.ts';

/** A stream of numbers of its own for every name. */
export function generatorFor(seed: number, name: string): RandomGenerator {
  return xoroshiro128plus(streamSeed(seed, name));
}
