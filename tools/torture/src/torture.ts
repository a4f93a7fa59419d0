#!/usr/bin/env node
/** Kills and resumes runs: `pnpm torture [--kills N] [--seed N] [--variant NAME] [--folder DIR]`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Variant, variants } from './experiment.ts';
import { killAndResume } from './kill-and-resume.ts';
import { canTraceCalls } from './killed-command.ts';

// With its handlers of `exit`, which end the run that is going on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const names = Object.keys(variants) as Variant[];
const { kills, seed, chosen, folder } = readArguments();
const tracesCalls = canTraceCalls();
if (!tracesCalls) console.log('System calls cannot be traced by strace: runs are only killed at random moments.');
const parent = folder === undefined ? await mkdtemp(join(tmpdir(), 'chorus-torture-')) : resolve(folder);
let failureCount = 0;
for (const variant of chosen) {
  const killCount = Math.ceil(kills / chosen.length);
  const onKill = (line: string) => console.log(`${variant}: ${line}`);
  const place = join(parent, variant.replaceAll(' ', '-'));
  const result = await killAndResume(place, { variant, killCount, seed, tracesCalls, onKill });
  for (const failure of result.failures) console.error(failure);
  failureCount += result.failures.length;
  console.log(
    `${variant}: ${result.killCount} kills in ${result.runCount} runs; ${result.failures.length} runs lost or unequal`,
  );
}
if (failureCount > 0) {
  console.error(`The runs that failed are in ${parent}.`);
  process.exitCode = 1;
} else if (folder === undefined) await rm(parent, { recursive: true });

// --- internal ---

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        kills: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        variant: { type: 'string' },
        folder: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(usage());
      process.exit();
    }
    const one = names.find((name) => name === values.variant);
    if (values.variant !== undefined && one === undefined)
      throw new Error(`Unknown variant "${values.variant}"; expected one of: ${names.join(', ')}.`);
    return {
      kills: countOf('--kills', values.kills),
      seed: countOf('--seed', values.seed),
      chosen: one === undefined ? names : [one],
      folder: values.folder,
    };
  } catch (error) {
    console.error(`torture: ${(error as Error).message}`);
    process.exit(2);
  }
}

function usage(): string {
  return `Usage: pnpm torture [options]

Kills runs of chorus train, resumes them until they finish, and compares what they give with an undisturbed run, byte for byte.

  --kills N       how many kills, of all variants together (default: 1000, which takes hours)
  --seed N        draws when and how (default: 1)
  --variant NAME  one of: ${names.join(', ')} (default: all)
  --folder DIR    a new folder for the runs (default: a temporary one, which stays if a run is lost or unequal)`;
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${option}: expected a whole number of at least 1, received "${text}".`);
}
