import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { differences, type Outcome, readOutcome } from './outcome.ts';

let folder: string;
let expected: Outcome;
const files = [
  'predictions.csv',
  'metrics.jsonl',
  'bundle/bundle.json',
  'bundle/members/slim/1.bin',
  'members/slim/fold-1/out-of-fold.f32',
  'members/slim/fold-1/member.json',
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-outcome-'));
  for (const file of files) {
    await mkdir(dirname(join(folder, 'run', file)), { recursive: true });
    await writeFile(join(folder, 'run', file), file);
  }
  expected = await readOutcome(join(folder, 'run'));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ['predictions.csv', true],
  ['bundle/members/slim/1.bin', true],
  ['bundle/bundle.json', true],
  ['members/slim/fold-1/out-of-fold.f32', true],
  ['metrics.jsonl', false],
  ['members/slim/fold-1/member.json', false],
])('a changed %s differs: %s', async (file, differs) => {
  const other = await mkdtemp(join(folder, 'other-'));
  await cp(join(folder, 'run'), other, { recursive: true });
  await appendFile(join(other, file), '\n');
  expect(differences(expected, await readOutcome(other))).toEqual(differs ? [file] : []);
});

it.each(['predictions.csv', 'bundle/bundle.json'])('a missing %s differs', async (file) => {
  const other = await mkdtemp(join(folder, 'other-'));
  await cp(join(folder, 'run'), other, { recursive: true });
  await rm(join(other, file));
  expect(differences(expected, await readOutcome(other))).toEqual([file]);
});
