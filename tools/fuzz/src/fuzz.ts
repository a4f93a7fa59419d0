#!/usr/bin/env node
/** `pnpm fuzz [TARGET…] [--seconds N] [--seed N] [--iteration N]`: see the README. */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments } from './arguments.ts';
import { corpusOf, inputOf } from './inputs.ts';
import { type Finding, runTarget } from './run-target.ts';
import { targets } from './targets.ts';

const names = targets.map(({ name }) => name);
const usage = `Usage: pnpm fuzz [target…] [options]

Mutates files of a target, or of all, and reports what its parser does not refuse as it should.

  --seconds N    for how long, of each target (default: 20)
  --seed N       draws the mutations (default: 0)
  --iteration N  only one input, which a finding names; needs one target
  --list         print the targets`;
const found = readArguments();
if (found.list) console.log(names.join('\n'));
else for (const name of found.targets) await fuzz(name, found);

// --- internal ---

function readArguments(): Arguments {
  const words = process.argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage);
    process.exit();
  }
  try {
    return parseArguments(words, names);
  } catch (error) {
    console.error(`fuzz: ${(error as Error).message}`);
    process.exit(2);
  }
}

async function fuzz(name: string, { seconds, seed, iteration }: Arguments): Promise<void> {
  const { inputCount, findings } = await runTarget({
    ...{ module: new URL('./targets.js', import.meta.url).href, target: name, seed, seconds },
    ...(iteration === undefined ? {} : { firstIteration: iteration, maxCount: 1 }),
  });
  console.log(`${name}: ${inputCount} inputs, ${findings.length} findings (seed ${seed})`);
  for (const finding of findings) {
    process.exitCode = 1;
    const where = finding.iteration === undefined ? 'the corpus' : await keep(finding, finding.iteration);
    console.log(`\n${where}\n${finding.reason}\n`);
  }
}

/** Stores the input of a finding. @returns how to repeat it. */
async function keep({ target: name, seed }: Finding, iteration: number): Promise<string> {
  const target = targets.find((one) => one.name === name)!;
  const folder = fileURLToPath(new URL('../findings/', import.meta.url));
  const path = `${folder}${name}-${seed}-${iteration}`;
  await mkdir(folder, { recursive: true });
  await writeFile(path, inputOf(target, await corpusOf(name), { seed, iteration }));
  return `pnpm fuzz ${name} --seed ${seed} --iteration ${iteration}   (${path})`;
}
