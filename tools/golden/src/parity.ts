/**
 * `pnpm parity [--only NAME,NAME]`: runs Keras or timm and Chorus, compares whole tensors and real files, prints a table, and exits
 * with 1 if a difference exceeds its limit. NAME is a backbone or a family; `--only` skips all checks of others.
 */
import { initRuntime, prepareProcess } from '@chorus/runtime';
import { withTemporaryFolder } from '@chorus/storage';
import { cases } from './cases.ts';
import { chooseCasesOrExit } from './choose-cases.ts';
import type { Finding } from './finding.ts';
import { compareBackbone } from './live/backbones.ts';
import { compareExports } from './live/exports.ts';
import { comparePhotographs, hasPhotographs } from './live/photographs.ts';
import { comparePillow } from './live/pillow.ts';
import { compareWeightFiles } from './live/weight-files.ts';
import { prepareGoldenPython } from './python.ts';

const chosen = chooseCasesOrExit();
prepareProcess();
initRuntime({ device: 'cpu:0' });
printRow('backbone', 'check', 'worst', 'limit');
let allWithin = true;
await withTemporaryFolder('chorus-parity', async (folder) => {
  for (const golden of chosen) report(golden.name, await compareBackbone(golden, folder));
  if (chosen.length < cases.length) return;
  const python = await prepareGoldenPython();
  report('all', await compareWeightFiles(python, folder));
  report('all', await comparePillow(python, folder));
  for (const [name, findings] of await compareExports(python, folder)) report(name, findings);
  if (!hasPhotographs()) console.log('Real weights and photographs: skipped, because ../shared/data does not exist.');
  else for (const [name, findings] of await comparePhotographs(python, folder)) report(name, findings);
});
console.log(allWithin ? 'All within their limits.' : 'Not all within their limits.');
process.exitCode = allWithin ? 0 : 1;

// --- internal ---

function report(name: string, findings: readonly Finding[]): void {
  for (const { check, worst, limit, where } of findings) {
    const isWithin = worst <= limit;
    allWithin &&= isWithin;
    printRow(name, check, numeral(worst), numeral(limit), isWithin ? '' : `  ABOVE: ${where}`);
  }
}

function printRow(name: string, check: string, worst: string, limit: string, remark = ''): void {
  console.log(`${name.padEnd(20)} ${check.padEnd(70)} ${worst.padStart(8)} ${limit.padStart(8)}${remark}`);
}

function numeral(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toExponential(1);
}
