/** SHA-256 hashes of a run's predictions and weights, recorded with earlier versions on the same type of processor. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import { processorKey } from './processor.ts';
import recorded from './recorded-numbers.json' with { type: 'json' };

/** The recorded hashes of a run on this type of processor; undefined if there are none. */
export async function recordedNumbers(run: string): Promise<Record<string, string> | undefined> {
  const byRun: Record<string, Record<string, Record<string, string>>> = recorded;
  return byRun[processorKey()]?.[run];
}

/** Hashes of `predictions.csv` and of the bundle's weights. */
export async function numbersOf(runFolder: string): Promise<Record<string, string>> {
  const files = await readdir(join(runFolder, 'bundle'), { recursive: true });
  const weights = files.filter((file) => file.endsWith('.bin')).map((file) => `bundle/${file}`);
  const hashes: Record<string, string> = {};
  for (const file of ['predictions.csv', ...weights.toSorted()])
    hashes[file] = sha256(await readFile(join(runFolder, file))).slice(0, 16);
  return hashes;
}
