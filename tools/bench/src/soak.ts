#!/usr/bin/env node
/** Repeats operations and checks whether memory grows: `pnpm soak [--quick]`. */
import { fileURLToPath } from 'node:url';
import { runProgram } from '@chorus/python';
import { type Growth, growthOf } from './soak/growth.ts';
import type { SoakSample, SoakTrial } from './soak/soak-task.ts';
import { soakTrials } from './soak/trials.ts';

const words = process.argv.slice(2);
if (words.includes('--help') || words.includes('-h')) {
  console.log(`Usage: pnpm soak [--quick]

Repeats training steps, trainings and lanes in one process each, and checks whether memory grows: about an hour on two cores.

  --quick  a tenth of everything: a smoke test`);
  process.exit();
}
if (words.some((word) => word !== '--quick')) {
  console.error(`soak: Expected no arguments, --quick or --help, received ${words.join(' ')}.`);
  process.exit(2);
}
const quick = words.includes('--quick');
console.log(
  quick
    ? 'QUICK: a tenth of everything; a smoke test, not a test for memory growth.'
    : 'Twelve models, training runs and lanes: about an hour on two cores; trials that seem to grow run again, twice as long.',
);
let allFlat = true;
for (const trial of soakTrials(quick)) {
  const isFlat = (await flat(trial)) || (!quick && (await flat(longer(trial))));
  allFlat &&= isFlat;
}
if (!allFlat && !quick) process.exitCode = 1;

// --- internal ---

/** Runs a trial and prints its result. */
async function flat(trial: SoakTrial): Promise<boolean> {
  const samples = await run(trial);
  const growth = growthOf(samples.filter(({ done }) => done > trial.warmUpCount));
  console.log(lineOf(trial, growth));
  return growth.isFlat;
}

/** Repeats a trial with a longer warm-up: growth that was still warm-up disappears, a leak does not. */
function longer(trial: SoakTrial): SoakTrial {
  const { name, count, warmUpCount } = trial;
  return { ...trial, name: `  again: ${name}`, count: 2 * count, warmUpCount: count + warmUpCount };
}

async function run(trial: SoakTrial): Promise<SoakSample[]> {
  const script = fileURLToPath(new URL('./soak/soak.child.js', import.meta.url));
  const lines = await runProgram(process.execPath, ['--expose-gc', script, JSON.stringify(trial)]);
  return lines.map((line): SoakSample => JSON.parse(line));
}

function lineOf({ name, unit, count, warmUpCount }: SoakTrial, growth: Growth): string {
  const { residentBytes, slope, slopeReach, total, tensorCountRange, isFlat } = growth;
  const tensors = tensorCountRange === 0 ? 'tensors constant' : `tensors vary by ${tensorCountRange}`;
  return `${isFlat ? 'flat  ' : 'GROWS '} ${name.padEnd(36)} ${(residentBytes / 1e6).toFixed(0)} MB; ${signed(slope / 1000)} kB a ${unit} (±${(slopeReach / 1000).toFixed(2)}), ${signed(total / 1e6)} MB from the ${warmUpCount + 1}th to the ${count}th; ${tensors}`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}
