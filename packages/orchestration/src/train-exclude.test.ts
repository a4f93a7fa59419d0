import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { compareRuns } from './run/past-runs.ts';
import { at, data, drawData, removeRuns, small } from './train.fixture.ts';
import { train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

const list = at('wrong.csv');
const wrong = ['train/discs/discs-00007.png', 'validation/stars/stars-00008.png'];
const writeList = (paths: readonly string[]) =>
  writeFile(list, `path,set\n${paths.map((path) => `${path},\n`).join('')}`);
const excluding = (): Partial<ExperimentInput> => ({
  ...small(),
  data: { source: data, exclude: relative(process.cwd(), list) },
  recipe: { batchSize: 64, whole: { epochCount: 1 } },
});

it('trains and tests without the images that a list names, and resumes with the same list only', async () => {
  await writeList(wrong);
  const controller = new AbortController();
  const stopped = train(excluding(), {
    out: at('run'),
    signal: controller.signal,
    observer: { onMember: (name, { state }) => state === 'running' && name === 'slim' && controller.abort() },
  });
  await expect(stopped).rejects.toThrow(StoppedError);
  const { experiment } = JSON.parse(await readFile(at('run/experiment.json'), 'utf8'));
  expect(experiment.data.exclude).toBe(list);

  await writeList(wrong.slice(1));
  const resumed = train({}, { resume: at('run') });
  await expect(resumed).rejects.toThrow(ConfigError);
  await expect(resumed).rejects.toThrow(
    /^This has changed since the run in \S+ was started:\n {2}images in \S+data without those in \S+wrong\.csv: /,
  );

  await writeList(wrong.toReversed());
  const { report } = await train({}, { resume: at('run') });
  expect(report.members[0]!.trainings[0]!.resumed).toBe(true);
  const reason = 'listed in wrong.csv (data.exclude)';
  expect(report.dataset.skipped.filter(({ kind }) => kind === 'excluded')).toEqual(
    wrong.map((path) => ({ path, reason, kind: 'excluded' })),
  );
  expect(report.dataset.counts.test).toBe(33);
  expect(report.labelAudit!.test.examined).toBe(33);
  expect(report.dataset.notices.join()).toContain('data.exclude leaves out 1 test image');
  expect(await readFile(at('run/predictions.csv'), 'utf8')).not.toContain(wrong[1]);
});

it('reads the file of label issues that a run wrote, and has other images than that run', async () => {
  await train({ ...excluding(), data: { source: data } }, { out: at('whole') });
  const issues = await readFile(at('whole/label-issues.csv'), 'utf8');
  expect(issues).toMatch(/^path,set,label,suggested,/);
  // The models have hardly learned: the list may be empty.
  await writeFile(list, `${issues}${wrong[0]},training,discs,stars,0.1,0.9,0.1\n`);
  const { report } = await train(excluding(), { out: at('without') });
  expect(report.dataset.skipped.map(({ path }) => path)).toContain(wrong[0]);
  expect(await compareRuns([at('whole'), at('without')])).toMatchObject({
    sameImages: false,
    differences: [{ key: 'data.exclude', values: [undefined, list] }],
  });
});

it('refuses a list that does not exist, before anything is decoded', async () => {
  const decoded: number[] = [];
  const run = train(
    { ...excluding(), data: { source: data, exclude: at('none.txt') } },
    { out: at('refused'), observer: { onDecode: (done) => decoded.push(done) } },
  );
  await expect(run).rejects.toThrow(
    /^Cannot read the list of images to exclude, \S+none\.txt: no such file or folder\.$/,
  );
  expect(decoded).toEqual([]);
});
