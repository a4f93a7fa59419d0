import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { smallExperiment } from '../small-experiment.fixture.ts';
import { train } from '../train.ts';
import { checkRun } from './check-run.ts';
import { type CheckReport, checkJsonSchema, checkReportSchema } from './schema.ts';

let parent: string;
const at = (name: string) => join(parent, name);

/** Two small members on tiny images. Process-wide settings must be the same in all checks and runs of this file. */
const small = (changes: Partial<ExperimentInput> = {}): Partial<ExperimentInput> => ({
  ...smallExperiment(at('data')),
  ...changes,
});

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-check-'));
  await drawShapes(at('data'), { seed: 1, imagesPerClass: { train: 40, validation: 25 } });
  await writeFile(at('data/train/stars/stars-00001.png'), 'This is a text.');
  await cp(at('data/train/discs/discs-00000.png'), at('data/train/stars/stars-00003.png'));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a folder that can be trained on', () => {
  let before: string[];
  let report: CheckReport;
  beforeAll(async () => {
    before = await readdir(parent);
    report = await checkRun(resolveExperiment(small()), { out: at('run') });
  });

  it('is described with estimates for the run, and nothing is created', async () => {
    expect(checkReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report).toMatchObject({ exitCode: 0, problems: [], lanes: ['cpu:0'] });
    expect(report.dataset).toMatchObject({
      layout: 'splits',
      found: 130,
      usable: 129,
      classes: [
        { name: 'discs', found: 65, usable: 65, training: 40, test: 25 },
        { name: 'stars', found: 65, usable: 64, training: 39, test: 25 },
      ],
      formats: { png: 129 },
      skipped: [{ path: 'train/stars/stars-00001.png', reason: expect.stringContaining('not an image') }],
      contradictions: [{ paths: ['train/discs/discs-00000.png', 'train/stars/stars-00003.png'] }],
    });
    expect(report.presets).toMatchObject([{ preset: 'experiment', chosen: true, obstacle: null }]);
    expect(await readdir(parent)).toEqual(before);
  });

  it("is described as in the run's report, and the run takes no more disk space than estimated", async () => {
    const run = await train(small(), { out: at('run') });
    const { counts, skipped } = run.report.dataset;
    const { sets } = report.dataset!;
    expect(sets).toMatchObject({ ...pick(counts.folds[0]!), test: counts.test });
    expect(report.dataset!.skipped).toEqual(skipped);
    const bytes = await bytesIn(at('run'));
    expect(bytes).toBeLessThan(report.disk.neededBytes!);
    // The estimate is an upper bound of the right magnitude; most of it is for checkpoints, which are gone, and small files.
    expect(report.disk.neededBytes!).toBeLessThan(10 * bytes);
  });
});

describe('a folder that cannot be trained on', () => {
  it('is reported with all problems: images, weights, devices and the run folder', async () => {
    await mkdir(at('taken'), { recursive: true });
    await writeFile(at('taken/experiment.json'), '{}');
    for (const form of ['discs', 'stars'])
      for (const index of [0, 1, 2, 3]) {
        const path = at(`bad/${form}/${index}.png`);
        await mkdir(join(path, '..'), { recursive: true });
        if (index < 2) await cp(at(`data/train/${form}/${form}-0000${index + 4}.png`), path);
        else await writeFile(path, 'This is a text.');
      }
    const experiment = resolveExperiment(
      small({
        data: { source: at('bad') },
        weights: at('none'),
        workers: [{ device: 'gpu:9' }],
        stacking: { kind: 'kfold', folds: 5 },
      }),
    );
    const { exitCode, problems, dataset, presets } = await checkRun(experiment, { out: at('taken') });
    expect(exitCode).toBe(4);
    expect(problems.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      expect.stringMatching(/^configuration: There is already a run in .*taken/),
      expect.stringMatching(/^configuration: There is no device gpu:9/),
      expect.stringMatching(/^configuration: Cannot read the folder of weight files .*none: no such file or folder/),
      expect.stringMatching(/^data: Expected at least 7 images of class "discs"/),
      expect.stringMatching(/^data: 4 of 8 images in .*bad cannot be used, more than 5 %/),
    ]);
    expect(dataset!.skipped).toHaveLength(4);
    expect(dataset!.classes.map(({ usable }) => usable)).toEqual([2, 2]);
    expect(presets[0]!.seconds).toBeNull();
  });

  it('is still decoded if there is too little memory for its pixels', async () => {
    const experiment = resolveExperiment(small({ inputSize: 1024, recipe: { batchSize: 4096 } }));
    const { exitCode, problems, dataset, memory } = await checkRun(experiment, { out: at('runs/new') });
    expect(exitCode).toBe(4);
    expect(problems).toMatchObject([{ kind: 'data', message: expect.stringContaining('this machine has') }]);
    expect(memory.neededBytes!).toBeGreaterThan(memory.availableBytes);
    expect(dataset).toMatchObject({ usable: 129 });
  });

  it('is reported if it does not exist', async () => {
    const experiment = resolveExperiment(small({ data: { source: at('dta') } }));
    const report = await checkRun(experiment, { out: at('runs/new') });
    expect(report).toMatchObject({ exitCode: 4, dataset: null, memory: { neededBytes: null } });
    expect(report.problems).toMatchObject([
      { message: `Cannot read the folder of images ${at('dta')}: no such file or folder.` },
    ]);
    expect(checkReportSchema.parse(report)).toEqual(report);
    expect(existsSync(at('runs'))).toBe(false);
  });
});

it('has exit code 2 if the images are valid but another setting is not', async () => {
  const report = await checkRun(resolveExperiment(small({ weights: at('none') })), { out: at('runs/new') });
  expect(report).toMatchObject({ exitCode: 2, problems: [{ kind: 'configuration' }] });
});

it('leaves out the images that a list names, and reports paths that no image has', async () => {
  await writeFile(at('wrong.txt'), 'train/discs/discs-00002.png\n');
  const experiment = resolveExperiment(small({ data: { source: at('data'), exclude: at('wrong.txt') } }));
  const { dataset, problems } = await checkRun(experiment, { out: at('runs/new') });
  expect(problems).toEqual([]);
  expect(dataset).toMatchObject({
    found: 130,
    usable: 128,
    classes: [{ name: 'discs', usable: 64, training: 39 }, {}],
  });
  expect(dataset!.skipped).toContainEqual({
    ...{ path: 'train/discs/discs-00002.png', reason: 'listed in wrong.txt (data.exclude)', kind: 'excluded' },
  });
  await writeFile(at('wrong.txt'), 'train/discs/2.png\n');
  const report = await checkRun(experiment, { out: at('runs/new') });
  expect(report).toMatchObject({
    exitCode: 2,
    problems: [
      { kind: 'configuration', message: expect.stringMatching(/line 1: "train\/discs\/2\.png"; did you mean/) },
    ],
    dataset: { usable: 129 },
  });
});

it('reports a weight file that does not fit its member', async () => {
  await mkdir(at('texts'));
  for (const size of ['5_0', '2_5']) await writeFile(at(`texts/mobilenet_${size}_160_tf_no_top.h5`), 'This is a text.');
  const experiment = resolveExperiment(small({ weights: at('texts') }));
  const report = await checkRun(experiment, { out: at('runs/new'), others: [{ preset: 'other', experiment }] });
  const message = expect.stringContaining(`${at('texts/mobilenet_5_0_160_tf_no_top.h5')}: expected an HDF5 file`);
  expect(report).toMatchObject({ exitCode: 2, problems: [{ kind: 'configuration', message }] });
  expect(report.presets.map(({ obstacle }) => obstacle)).toEqual([message, message]);
});

it('reports weights that are missing from the cache and cannot be downloaded, for all presets that need them', async () => {
  vi.stubEnv('CHORUS_CACHE', at('cache'));
  try {
    const members = [
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'lite', backbone: 'efficientnet-lite0' },
    ] as const;
    const experiment = resolveExperiment(small({ weights: 'imagenet', members: [...members] }));
    const report = await checkRun(experiment, { out: at('runs/new'), others: [{ preset: 'other', experiment }] });
    const message = expect.stringContaining(
      `Expected weights of efficientnet-lite0 at ${at('cache/weights/tf_efficientnet_lite0.safetensors')}, received none; they cannot be downloaded`,
    );
    expect(report).toMatchObject({ exitCode: 2, problems: [{ kind: 'configuration', message }] });
    expect(report.presets.map(({ obstacle }) => obstacle)).toEqual([message, message]);
  } finally {
    vi.unstubAllEnvs();
  }
});

it('estimates other presets with the same images, or reports why they cannot run, and checks the time budget', async () => {
  const other = resolveExperiment(small({ data: { source: at('data'), limitPerClass: 10 }, inputSize: 64 }));
  const { presets, problems, warnings } = await checkRun(resolveExperiment(small({ timeBudgetSeconds: 6 })), {
    out: at('runs/new'),
    preset: { name: 'cpu', reason: 'no GPU found' },
    others: [
      { preset: 'two', experiment: other },
      { preset: 'three', obstacle: 'no such thing' },
      { preset: 'four', experiment: { ...other, weights: at('none') } },
    ],
  });
  expect(problems).toEqual([
    {
      kind: 'configuration',
      message: expect.stringMatching(
        /^A time budget of 6 s is too short: after reading the images, \d+ s are spent, and the smallest ensemble .* takes about \d+ s more on this machine\. Allow at least \d+ s/,
      ),
      advice: { code: 'time-budget' },
    },
  ]);
  expect(warnings.join()).not.toContain('time budget');
  expect(presets.map(({ preset, chosen, reason }) => [preset, chosen, reason])).toEqual([
    ['cpu', true, 'no GPU found'],
    ['two', false, null],
    ['three', false, null],
    ['four', false, null],
  ]);
  expect(presets[1]).toMatchObject({ obstacle: null, seconds: [expect.any(Number), expect.any(Number)] });
  expect(presets[2]).toMatchObject({ obstacle: 'no such thing', seconds: null });
  expect(presets[3]).toMatchObject({
    obstacle: expect.stringContaining('no such file or folder'),
    seconds: expect.any(Array),
  });
});

it('stops while decoding', async () => {
  const controller = new AbortController();
  const check = checkRun(resolveExperiment(small()), {
    out: at('runs/new'),
    signal: controller.signal,
    onDecode: () => controller.abort(),
  });
  await expect(check).rejects.toThrow(StoppedError);
});

it('check.schema.json is up to date', async () => {
  const committed = JSON.parse(await readFile(new URL('../../check.schema.json', import.meta.url), 'utf8'));
  expect(committed).toEqual(JSON.parse(JSON.stringify(checkJsonSchema())));
});

function pick({ fit, tune, outOfFold }: { fit: number; tune: number; outOfFold: number }) {
  return { fit, tune, outOfFold };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await readFile(join(file.parentPath, file.name))).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}
