/** Inputs of a target: the files of its corpus, and their mutations. */
import { readdir, readFile } from 'node:fs/promises';
import { pick, randomOf } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** The corpus of a target, in the order of its file names. */
export async function corpusOf(name: string): Promise<Uint8Array[]> {
  const folder = new URL(`../corpus/${name}/`, import.meta.url);
  const names = (await readdir(folder)).toSorted();
  return Promise.all(names.map((file) => readFile(new URL(file, folder))));
}

/** The input of an iteration, which depends on nothing else than the arguments. */
export function inputOf(
  { name, mutate }: FuzzTarget,
  corpus: readonly Uint8Array[],
  { seed, iteration }: { seed: number; iteration: number },
): Uint8Array {
  const random = randomOf(name, seed, iteration);
  return mutate(pick(random, corpus), random, corpus);
}
