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
  const predictions = 'predictions.csv';
  const hashes: Record<string, string> = {
    [predictions]: hashOf(recordedColumns(await readFile(join(runFolder, predictions), 'utf8'))),
  };
  for (const file of weights.toSorted()) hashes[file] = hashOf(await readFile(join(runFolder, file)));
  return hashes;
}

// --- internal ---

/** Leaves out the columns of stackers and calibrations that did not exist when the numbers were recorded. No cell has a comma. */
function recordedColumns(csv: string): Uint8Array {
  const lines = csv.split('\n').map((line) => line.split(','));
  const isNew = lines[0]!.map((name) => /^(weighted|greedy|\w+\+\w+):/.test(name));
  return Buffer.from(lines.map((cells) => cells.filter((_, index) => !isNew[index]).join(',')).join('\n'));
}

function hashOf(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, 16);
}
