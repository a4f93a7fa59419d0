/** SHA-256 of a run's predictions and weights, as earlier versions computed them on the same kind of processor. */
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@chorus/storage';
import recorded from './recorded-numbers.json' with { type: 'json' };

/** Instruction sets by which oneDNN chooses its kernels, and with them the last bits of a sum. */
const instructionSets = ['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_bf16'];

/** The processor's model and instruction sets, a key of the recorded numbers. */
async function processorKey(): Promise<string> {
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.trim().split(' '));
  return [cpus()[0]!.model.trim(), ...instructionSets.filter((name) => flags.has(name))].join(' ');
}

/** The recorded hashes of a run on this kind of processor; undefined where nobody has recorded any. */
export async function recordedNumbers(run: string): Promise<Record<string, string> | undefined> {
  const byRun: Record<string, Record<string, Record<string, string>>> = recorded;
  return byRun[await processorKey()]?.[run];
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
