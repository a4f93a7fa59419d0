import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawShapes } from '@chorus/data';
import type { EpochMetrics } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentInput } from './experiment/schema.ts';
import { numbersOf, recordedNumbers } from './recorded-numbers.fixture.ts';
import { train } from './train.ts';

const pretrained = fileURLToPath(new URL('../../../../shared/data/pretrained/', import.meta.url));
const members = [
  { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
  { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
] satisfies ExperimentInput['members'];

// Without the cache, so that every run computes its features.
const runtime = { logicalCpuDevices: 3, intraOpThreads: 1, featureCache: false } as const;
const tensorflow = { ...runtime, forward: 'tensorflow' } as const;
const onnxruntime = { ...runtime, forward: 'onnxruntime' } as const;

let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-determinism-'));
  await drawShapes(join(parent, 'data'), { seed: 1, imagesPerClass: { train: 24, validation: 12 } });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** The contents of a run folder. */
interface Left {
  metrics: EpochMetrics[];
  predictions: string;
  report: unknown;
}

async function run(name: string, changes: Partial<ExperimentInput>): Promise<Left> {
  const out = join(parent, name);
  const experiment: ExperimentInput = {
    name: 'twice',
    inputSize: 32,
    data: { source: join(parent, 'data') },
    members,
    ...changes,
  };
  await train(experiment, { out });
  const text = (file: string) => readFile(join(out, file), 'utf8');
  const metrics = (await text('metrics.jsonl')).trim().split('\n');
  return {
    metrics: metrics.map((line) => JSON.parse(line)),
    predictions: await text('predictions.csv'),
    report: JSON.parse(await text('report.json')),
  };
}

/**
 * Removes keys that may differ between two runs, and tasks after the training with their spans, which go to whichever lane is free.
 * Groups the lines of metrics by member, since only each member's own lines have a fixed order.
 */
function without(varying: RegExp, { metrics, predictions, report }: Left): Left {
  const lasting = <T>(value: T): T =>
    JSON.parse(
      JSON.stringify(value, (key, one) => {
        if (varying.test(key)) return undefined;
        return key === 'tasks' || key === 'spans'
          ? one.filter(({ kind }: { kind: string }) => kind === 'train' || kind === 'features')
          : one;
      }),
    );
  return {
    metrics: lasting(metrics).toSorted((a, b) => a.task.localeCompare(b.task)),
    predictions,
    report: lasting(report),
  };
}

const timesAndMemory = /seconds$|Ms$|Bytes$|^lanesBusy$/i;
const placesToo = /seconds$|Ms$|Bytes$|device$|^lanes$|^lanesBusy$|^workers?$/i;

/** Pairs of epochs that different lanes trained at the same time; all threads use the same clock. */
function trainedAtOnce({ metrics }: Left): [EpochMetrics, EpochMetrics][] {
  return metrics.flatMap((one) =>
    metrics
      .filter(({ device }) => device > one.device)
      .filter((other) => one.startedAtMs < other.trainedUntilMs && other.startedAtMs < one.trainedUntilMs)
      .map((other): [EpochMetrics, EpochMetrics] => [one, other]),
  );
}

// Several epochs per stage, so that some overlap although the lanes do not start at the same time.
const epochs = { epochCount: 3, learningRate: 1e-3 };
const inFolds: Partial<ExperimentInput> = {
  weights: pretrained,
  recipe: { batchSize: 8, head: epochs, fineTune: { ...epochs, lastLayers: 12 } },
  stacking: { kind: 'kfold', folds: 2, members: 'average' },
};
describe.each<[string, Partial<ExperimentInput>, boolean, { isRepeated: boolean }]>([
  [
    'from random weights',
    { runtime: tensorflow, weights: 'random', recipe: { batchSize: 8, whole: { epochCount: 2 } } },
    true,
    // Once: a repetition with two lanes differs from one with a single lane by the places alone.
    { isRepeated: true },
  ],
  [
    'in folds from published weights (needs ../shared)',
    { ...inFolds, runtime: tensorflow },
    existsSync(pretrained),
    { isRepeated: false },
  ],
  [
    'in folds from published weights, with onnxruntime (needs ../shared)',
    { ...inFolds, runtime: onnxruntime },
    existsSync(pretrained),
    { isRepeated: false },
  ],
])('with one seed and one thread, training %s', async (name, recipe, there, { isRepeated }) => {
  const one = { ...recipe, members, workers: [{ device: 'cpu:1' }] } satisfies Partial<ExperimentInput>;
  // Pinned, since otherwise the next training goes to whichever lane is free first.
  const two = {
    ...recipe,
    members: members.map((member, worker) => ({ ...member, worker })),
    workers: [{ device: 'cpu:1' }, { device: 'cpu:2' }],
  } satisfies Partial<ExperimentInput>;
  const recorded = await recordedNumbers(name);
  let first: Left;

  beforeAll(async () => {
    if (there) first = await run(`${name} first`, two);
  });

  const repeats = isRepeated ? 'twice in a row, and ' : '';
  it.skipIf(!there)(`gives bit-equal results ${repeats}with or without another lane`, async () => {
    expect(new Set(first.metrics.map(({ loss }) => loss)).size).toBe(first.metrics.length);
    expect(trainedAtOnce(first)).not.toEqual([]);
    if (isRepeated) {
      const again = await run(`${name} again`, two);
      expect(without(timesAndMemory, again)).toEqual(without(timesAndMemory, first));
    }
    // Trains one member at a time.
    const alone = await run(`${name} alone`, one);
    expect(trainedAtOnce(alone)).toEqual([]);
    expect(without(placesToo, alone)).toEqual(without(placesToo, first));
  });

  it.skipIf(!there || recorded === undefined)(
    'gives the numbers that earlier versions gave (needs a processor with recorded numbers)',
    async () => {
      expect(await numbersOf(join(parent, `${name} first`))).toEqual(recorded);
    },
  );
});
