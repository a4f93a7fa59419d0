import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOnDisk } from '@chorus/storage';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TrainingPlan } from './plan/plan-training.ts';
import { numbersOf } from './recorded-numbers.fixture.ts';
import { logBytes } from './tensorboard/log-bytes.ts';
import { at, drawData, removeRuns, small } from './train.fixture.ts';
import { train } from './train.ts';
import { trainSeeds } from './train-seeds.ts';

beforeAll(drawData);
afterAll(removeRuns);

it('writes logs for TensorBoard only if they are requested, in the run folder of each seed, and the same numbers with them', async () => {
  await train(small(), { out: at('without') });
  expect(await readdir(at('without'))).not.toContain('tensorboard');
  const { runs } = await trainSeeds(small(), 2, { out: at('seeds'), tensorboard: true });
  for (const { folder } of runs) {
    expect((await readdir(join(folder, 'tensorboard'))).toSorted()).toEqual(['ensemble', 'slim', 'wide']);
    expect(await readdir(join(folder, 'tensorboard/wide'))).toEqual(['holdout']);
  }
  const plan: TrainingPlan = JSON.parse(await readFile(join(runs[0]!.folder, 'plan.json'), 'utf8'));
  const bytes = await bytesOnDisk(join(runs[0]!.folder, 'tensorboard'));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(logBytes(plan, 2));
  // The first seed is that of the run without logs.
  expect(await numbersOf(runs[0]!.folder)).toEqual(await numbersOf(at('without')));
});

it('writes them although the first part of a resumed run did not, and finishes if it cannot', async () => {
  const controller = new AbortController();
  const observer = {
    onMember: (name: string, { state }: { state: string }) =>
      state === 'running' && name === 'slim' && controller.abort(),
  };
  await expect(train(small(), { out: at('resumed'), observer, signal: controller.signal })).rejects.toThrow(
    StoppedError,
  );
  await writeFile(at('resumed/tensorboard'), '');
  const notices: string[] = [];
  const onNotice = (notice: string) => void notices.push(notice);
  const { exitCode } = await train({}, { resume: at('resumed'), tensorboard: true, observer: { onNotice } });
  expect(exitCode).toBe(0);
  const warnings = notices.filter((notice) => notice.includes('tensorboard'));
  expect(warnings).toEqual([
    expect.stringMatching(
      /^Cannot write to .*tensorboard.slim.*: a part of the path is not a folder\. The run continues/,
    ),
  ]);
});
