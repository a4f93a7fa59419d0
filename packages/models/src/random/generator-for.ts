import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { streamSeed } from './stream-seed.ts';

/** An independent random stream for each name. */
export function generatorFor(seed: number, name: string): RandomGenerator {
  return xoroshiro128plus(streamSeed(seed, name));
}
