/**
 * `pnpm parity [--only NAME,NAME]`: lets Keras compute beside Chorus, compares whole tensors, prints a table and ends with 1
 * where something is above its limit.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import type { GoldenCase } from './cases.ts';
import { checkFeatures, checkParameters, checkTraining, type Finding } from './checks.ts';
import { chooseCases } from './choose-cases.ts';
import { preparePython, runScript, withTemporaryFolder } from './python.ts';
import { readReference } from './reference.ts';

const chosen = chooseCases();
const python = await preparePython();
prepareProcess();
initRuntime({ device: 'cpu:0' });
const isWithin = await withTemporaryFolder(async (folder) => {
  let within = true;
  printHeader();
  for (const golden of chosen) {
    const findings = await compare(golden, folder);
    for (const finding of findings) printRow(golden.name, finding);
    within &&= findings.every(({ worst, limit }) => worst <= limit);
  }
  return within;
});
process.exitCode = isWithin ? 0 : 1;

// --- internal ---

async function compare(golden: GoldenCase, folder: string): Promise<Finding[]> {
  const description = join(folder, `${golden.name}.cases.json`);
  writeFileSync(description, JSON.stringify([golden]));
  await runScript(python, 'backbones.py', [description, folder, 'whole']);
  const reference = readReference(folder, golden);
  const findings = [
    ...checkParameters(golden, reference),
    ...golden.sizes.flatMap((inputSize) => checkFeatures(golden, inputSize, reference)),
    ...checkTraining(golden, 'all', reference),
    ...checkTraining(golden, 'suffix', reference),
  ];
  rmSync(join(folder, `${golden.name}.bin`));
  return findings;
}

function printHeader(): void {
  console.log(`${'backbone'.padEnd(18)} ${'check'.padEnd(62)} ${'worst'.padStart(8)} ${'limit'.padStart(8)}`);
}

function printRow(name: string, { check, worst, limit, where }: Finding): void {
  const numbers = [worst, limit].map((one) => (Number.isInteger(one) ? `${one}` : one.toExponential(1)).padStart(8));
  const verdict = worst <= limit ? '' : `  ABOVE: ${where}`;
  console.log(`${name.padEnd(18)} ${check.padEnd(62)} ${numbers.join(' ')}${verdict}`);
}
