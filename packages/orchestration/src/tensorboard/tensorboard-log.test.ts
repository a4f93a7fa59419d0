import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochDetails, EpochMetrics } from '@chorus/training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TensorBoardLog } from './tensorboard-log.ts';

let folder: string;
let logs: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-tensorboard-'));
  logs = join(folder, 'tensorboard');
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const metrics = (member: string, epochIndex: number) =>
  ({
    ...{ task: member, member, fold: { kind: 'holdout' }, epochIndex, finishedAtMs: 1000, stage: 'head' },
    ...{ loss: 1, tuneLoss: 1, tuneAccuracy: 1, learningRate: 1 },
  }) as EpochMetrics;
const details: EpochDetails = {
  weights: [{ name: 'head/bias', minimum: 0, maximum: 1, sum: 1, squareSum: 1, counts: [1, 1] }],
  confusion: [
    [1, 0],
    [0, 1],
  ],
};
const progress = { stage: 'head', epochIndex: 0, stepIndex: 0, stepCount: 1, loss: 1, learningRate: 1 } as const;

/** Logs three epochs of two members, and whatever else happens. */
function logEpochs(log: TensorBoardLog): void {
  for (const epochIndex of [0, 1, 2])
    for (const member of ['a', 'b']) {
      log.onBatch(member, progress);
      log.onEpoch(metrics(member, epochIndex), details);
    }
}

const openLog = () => new TensorBoardLog(logs, ['cats', 'dogs'], (message) => warnings.push(message));

/** The records of the only event file of a run, by their lengths. */
async function recordsOf(run: string): Promise<number> {
  const [name, ...others] = await readdir(join(logs, run));
  expect(others).toEqual([]);
  const bytes = await readFile(join(logs, run, name!));
  let count = 0;
  for (let start = 0; start < bytes.length; count += 1) start += Number(bytes.readBigUInt64LE(start)) + 16;
  return count;
}

it('writes each epoch when it ends, in a file per training', async () => {
  const log = openLog();
  logEpochs(log);
  log.endTraining('a');
  await log.close();
  expect((await readdir(logs)).toSorted()).toEqual(['a', 'b']);
  // The version, the start, and three epochs of one step.
  expect(await recordsOf('a/holdout')).toBe(2 + 3 * 2);
  expect(await recordsOf('b/holdout')).toBe(2 + 3 * 2);
  expect(warnings).toEqual([]);
});

it('writes the steps of an epoch that was stopped', async () => {
  const log = openLog();
  log.onContinue('a', { stage: 'head', done: { epochCount: 3, stepCount: 7 } });
  log.onBatch('a', progress);
  log.onEpoch(metrics('a', 3), undefined);
  log.onBatch('a', progress);
  await log.close();
  // The version, the start, a step, an epoch, and the step of the next epoch.
  expect(await recordsOf('a/holdout')).toBe(2 + 2 + 1);
});

it('starts again at the step to which a retry goes back, without the steps of the epoch before it', async () => {
  const log = openLog();
  for (const epochIndex of [0, 1]) {
    log.onBatch('a', progress);
    log.onEpoch(metrics('a', epochIndex), undefined);
  }
  log.onBatch('a', progress);
  log.onContinue('a', { stage: 'head', done: { epochCount: 1, stepCount: 1 } });
  log.onBatch('a', progress);
  log.onEpoch(metrics('a', 1), undefined);
  await log.close();
  // The version, the start, and a step and an epoch each; then another start, a step and an epoch.
  expect(await recordsOf('a/holdout')).toBe(2 + 2 * 2 + 1 + 2);
});

it('writes nothing without an epoch', async () => {
  const log = openLog();
  log.onBatch('a', progress);
  log.onBatch('a', { stage: 'features', epochIndex: 0, stepIndex: 0, stepCount: 1 });
  log.endTraining('a');
  await log.close();
  expect(await readdir(folder)).toEqual([]);
});

describe('warns once, and the run continues, with', () => {
  const warning = (reason: string) =>
    expect.stringMatching(
      new RegExp(`^Cannot write to ${logs}/.*: ${reason}. The run continues, but later epochs will be missing`),
    );

  it('a file in place of the folder', async () => {
    await writeFile(logs, '');
    const log = openLog();
    logEpochs(log);
    await log.close();
    expect(warnings).toEqual([warning('a part of the path is not a folder')]);
  });

  it('30: a full disk', async () => {
    const [full, now] = ['/dev/full', Math.floor(Date.now() / 1000)];
    // The name of the file contains the second of its creation.
    for (const member of ['a', 'b']) {
      const run = join(logs, member, 'holdout');
      await mkdir(run, { recursive: true });
      for (let second = now; second < now + 60; second += 1)
        await symlink(full, join(run, `events.out.tfevents.${second}.chorus.${process.pid}`));
    }
    const log = openLog();
    logEpochs(log);
    await log.close();
    expect(warnings).toEqual([warning('no space left on the disk')]);
  });
});
