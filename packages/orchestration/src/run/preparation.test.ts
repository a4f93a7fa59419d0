import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, drawShapes } from '@chorus/data';
import { StopFlag, StoppedError } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import type { ExperimentInput } from '../experiment/schema.ts';
import { countClasses, factsOf } from '../plan/dataset-facts.ts';
import { laneBaseBytes } from '../plan/lane-memory.ts';
import { planTraining } from '../plan/plan-training.ts';
import { observerFrom, type RunObserver } from './observer.ts';
import { isDemo, type PreparationOptions, prepareRun } from './preparation.ts';
import { openRunFolder } from './run-folder.ts';
import { phaseNames } from './run-report.ts';

let parent: string;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-preparation-'));
  await drawShapes(at('data'), { seed: 1, imagesPerClass: { train: 12, validation: 4 } });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const input = (changes: Partial<ExperimentInput> = {}): Partial<ExperimentInput> => ({
  ...{ name: 'small', inputSize: 32, data: { source: at('data') }, weights: 'random' },
  members: [
    { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
    { name: 'slim', backbone: 'mobilenet', alpha: 0.25, inputSize: 48 },
  ],
  workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }],
  ...changes,
});

const prepare = (
  changes: Partial<ExperimentInput> = {},
  options: Partial<PreparationOptions> = {},
  observer: Partial<RunObserver> = {},
) =>
  prepareRun(
    input(changes),
    { folder: undefined, stop: new StopFlag(), ...(options.base === undefined && { out: at('run') }), ...options },
    observerFrom(observer),
  );

describe('prepareRun', () => {
  it('finds lanes, weights and images, plans with their counts, and creates nothing', async () => {
    const before = await readdir(parent);
    const events: string[] = [];
    let tasks: string[] = [];
    const found = await prepare(
      { stacking: { kind: 'kfold', folds: 2, members: 'refit' } },
      {},
      {
        onStart: (start) => {
          events.push('start');
          tasks = start.tasks;
          expect(start).toMatchObject({ folder: at('run'), devices: ['cpu:0', 'cpu:1'], demo: true });
        },
        onDecode: (done, total) => done === total && events.push(`decoded ${total}`),
      },
    );
    expect(await readdir(parent)).toEqual(before);
    expect(events).toEqual(['start', 'decoded 32']);
    expect(tasks).toEqual(
      ['wide', 'slim'].flatMap((name) => ['fold-1', 'fold-2', 'all'].map((fold) => `${name}/${fold}`)),
    );
    expect(found.path).toBe(at('run'));
    expect(found.lanes.lanes.map(({ device }) => device)).toEqual(['cpu:0', 'cpu:1']);
    expect(found.compute).toHaveLength(2);
    expect([...found.dataset.pixels.keys()]).toEqual([32, 48]);
    const classes = countClasses(found.dataset.split, found.dataset);
    const facts = { ...factsOf(found.dataset.split), classes };
    expect(classes.map(({ count }) => count)).toEqual([12, 12]);
    expect(facts).toMatchObject({ trainingCount: 24, testCount: 8 });
    expect(found.plan).toEqual(planTraining(found.experiment, facts, [{ kind: 'random' }, { kind: 'random' }]));
    expect(found.estimates.diskBytes).toBeGreaterThan(0);
    // Two lanes, each with TensorFlow.
    expect(found.estimates.memoryBytes).toBeGreaterThan(2 * laneBaseBytes);
    expect(found.timeline.phases.map(({ waitingFor }) => waitingFor)).toEqual([phaseNames.prepare, phaseNames.decode]);
  });

  it('names a folder in the base after the experiment and the time', async () => {
    const { path } = await prepare({}, { base: at('work') });
    expect(path.slice(0, at('work/runs/small-').length)).toBe(at('work/runs/small-'));
    expect(path).toMatch(/-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
  });

  test.each<[string, Partial<ExperimentInput>, new (message: string) => Error, RegExp]>([
    [
      'a missing folder',
      { data: { source: '/none/such' } },
      DataError,
      /Cannot read the folder of images \/none\/such: no such file or folder/,
    ],
    ['a device that does not exist', { workers: [{ device: 'gpu:7' }] }, ConfigError, /There is no device gpu:7/],
    ['missing weights', { weights: '/none/such' }, ConfigError, /folder of weight files \/none\/such: no such file/],
  ])('refuses %s before it decodes', async (_, changes, kind, message) => {
    let decoded = false;
    const onDecode = () => {
      decoded = true;
    };
    const preparing = prepare(changes, {}, { onDecode });
    await expect(preparing).rejects.toThrow(message);
    await expect(preparing).rejects.toThrow(kind);
    expect(decoded).toBe(false);
  });

  it('stops after a request, before anything is created', async () => {
    const stop = new StopFlag();
    stop.raise();
    await expect(prepare({}, { stop })).rejects.toThrow(StoppedError);
    expect(await readdir(parent)).toEqual(['data']);
  });

  it('uses the experiment of a resumed run, records its images, and refuses others', async () => {
    const folder = await openRunFolder(at('resumed'), 'new');
    try {
      const experiment = resolveExperiment(input({ name: 'first', data: { source: at('copy') } }));
      await cp(at('data'), at('copy'), { recursive: true });
      const start = {
        schemaVersion: 3,
        preset: 'none',
        versions: {},
        datasetFingerprint: null,
        forward: 'tensorflow',
        experiment,
      } as const;
      await folder.writeStart(start);
      const found = await prepare({ name: 'second' }, { folder });
      expect(found.experiment).toEqual(experiment);
      expect(found.path).toBe(at('resumed'));
      const recorded = await folder.readStart();
      expect(recorded).toEqual({
        ...start,
        datasetFingerprint: found.dataset.fingerprint,
        images: found.dataset.classes.map((name) => ({ class: name, count: expect.any(Number) })),
      });
      await prepare({}, { folder });
      await cp(at('copy/train/stars/stars-00002.png'), at('copy/train/stars/stars-99999.png'));
      await expect(prepare({}, { folder })).rejects.toThrow(
        `This has changed since the run in ${at('resumed')} was started:\n  images in ${at('copy')}: the class "stars" had `,
      );
      expect(await folder.readStart()).toEqual(recorded);
    } finally {
      await folder.release();
    }
  });
});

test.each([
  ['shapes', 'imagenet', true],
  ['photos', 'random', true],
  ['photos', 'imagenet', false],
  ['photos', 'weights', false],
])('images of %s and weights of %s: a demonstration: %s', (source, weights, demo) => {
  expect(isDemo(resolveExperiment(input({ data: { source }, weights })))).toBe(demo);
});
