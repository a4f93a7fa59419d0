import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrainedPlan } from '../trained-plan.ts';
import { TrainingCheckpoints } from './training-checkpoints.ts';

let parent: string;
let folder: string;
let nowMs: number;
let warnings: string[];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-checkpoints-'));
  folder = join(parent, 'slim');
  nowMs = 0;
  warnings = [];
});
afterEach(() => rm(parent, { recursive: true, force: true }));

// Compared as plain data.
const plan = { seed: 7 } as TrainedPlan;

function openFolder() {
  const events = { warn: (message: string) => void warnings.push(message), now: () => nowMs };
  return TrainingCheckpoints.open({ folder, intervalSeconds: 120 }, plan, events);
}

const stateAt = (stageIndex: number) => ({
  stageIndex,
  epochCount: 0,
  stepCount: 0,
  cutStages: [],
  soups: [],
  retry: null,
  stage: null,
});

it('are due after the interval, or later so that they take at most 2 % of the time', async () => {
  const checkpoints = await openFolder();
  const dueAfter = (seconds: number) => {
    const startedAtMs = nowMs;
    nowMs = startedAtMs + 1000 * seconds;
    const { isDue } = checkpoints;
    nowMs = startedAtMs;
    return isDue;
  };
  expect([dueAfter(119), dueAfter(120)]).toEqual([false, true]);
  nowMs += 120_000;
  const saving = checkpoints.save(stateAt(1), new Map());
  nowMs += 3000;
  await saving;
  expect([dueAfter(149), dueAfter(150)]).toEqual([false, true]);
});

it('are counted on, and their training time is added up', async () => {
  const first = await openFolder();
  nowMs = 5000;
  await first.save(stateAt(1), new Map());
  const second = await openFolder();
  expect(second.newest?.state).toEqual({ ...stateAt(1), seconds: 5 });
  nowMs = 7000;
  expect(second.seconds).toBe(7);
  // The same place in the training.
  await second.save(stateAt(1), new Map());
  expect(await readdir(folder)).toEqual(['checkpoint-1']);
  await second.save(stateAt(2), new Map());
  expect((await readdir(folder)).toSorted()).toEqual(['checkpoint-1', 'checkpoint-2']);
  await second.remove();
  expect(await readdir(parent)).toEqual([]);
});

it('that cannot be written are reported, and the training goes on', async () => {
  const checkpoints = await openFolder();
  await writeFile(folder, 'in the way');
  const warning = (number: number) =>
    `Its progress is not saved: Cannot write ${folder}/checkpoint-${number}: a part of the path is not a folder. The training goes on.`;
  for (let attempt = 0; attempt < 3; attempt += 1) await checkpoints.save(stateAt(1), new Map());
  expect(warnings).toEqual([warning(1)]);
  await rm(folder);
  await checkpoints.save(stateAt(1), new Map());
  expect(warnings).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['checkpoint-4']);
  // A new failure after a success.
  await rm(folder, { recursive: true });
  await writeFile(folder, 'in the way');
  await checkpoints.save(stateAt(2), new Map());
  expect(warnings).toEqual([warning(1), warning(5)]);
});

it('that failed after their rename do not stand in the way of later ones', async () => {
  const checkpoints = await openFolder();
  await mkdir(join(folder, 'checkpoint-1/inner'), { recursive: true });
  await checkpoints.save(stateAt(1), new Map());
  expect(warnings).toEqual([expect.stringMatching(/^Its progress is not saved: .*checkpoint-1 already exists\./)]);
  await checkpoints.save(stateAt(1), new Map());
  expect((await openFolder()).newest?.path).toBe(join(folder, 'checkpoint-2'));
});

it('that cannot be read are reported, and the training starts from the beginning', async () => {
  await writeFile(folder, 'in the way');
  expect((await openFolder()).newest).toBeUndefined();
  expect(warnings).toEqual([
    expect.stringMatching(/^Its checkpoints are not used: .*a part of the path is not a folder/),
  ]);
});

it('that a killed process has not finished are removed', async () => {
  await (await openFolder()).save(stateAt(1), new Map());
  await writeFile(join(folder, '.checkpoint-2.tmp-1-00000000'), '');
  const { newest } = await openFolder();
  expect(newest?.path).toBe(join(folder, 'checkpoint-1'));
  expect(await readdir(folder)).toEqual(['checkpoint-1']);
});
