import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { logitStackerKinds } from '@chorus/models';
import { bytesOnDisk } from '@chorus/storage';
import type { EpochMetrics } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { evaluateBundle } from './evaluate.ts';
import type { ExperimentInput } from './experiment/schema.ts';
import { predictFiles } from './predict.ts';
import { type ImageCounts, reportJsonSchema, reportSchema } from './report/schema.ts';
import type { MemberState } from './run/observer.ts';
import { at, data, drawData, removeRuns, runtime, small, twoLanes } from './train.fixture.ts';
import { type RunResult, train } from './train.ts';

beforeAll(drawData);
afterAll(removeRuns);

describe('a whole run', () => {
  let result: RunResult;
  const epochs: EpochMetrics[] = [];
  const members: [string, MemberState][] = [];
  let counts: ImageCounts;

  beforeAll(async () => {
    // Enough epochs for the lanes to overlap, regardless of which starts first.
    result = await train(
      // Scales and biases may change predicted classes.
      {
        ...small(),
        ...twoLanes,
        runtime,
        stackers: {},
        calibration: 'vector',
        recipe: { batchSize: 8, whole: { epochCount: 6, patience: 6 } },
      },
      {
        out: at('run'),
        observer: {
          onDataset: (dataset) => {
            counts = dataset.counts;
          },
          onEpoch: (epoch) => epochs.push(epoch),
          onMember: (name, state) => members.push([name, state]),
        },
      },
    );
  });

  it('succeeds with a report that matches its schema', async () => {
    expect(result.exitCode).toBe(0);
    const report = reportSchema.parse(JSON.parse(await readFile(at('run/report.json'), 'utf8')));
    expect(report).toEqual(result.report);
    expect(report.demo).toBe(true);
    expect(report.baseline).toBe(0.5);
    expect(report.stackers.map(({ kind }) => kind)).toEqual([...logitStackerKinds]);
    expect(report.stackers.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(report.dataset.counts).toEqual(counts);
    expect(report.flaws).toEqual([]);
    expect(report.stacking).toBe(
      `${counts.folds[0]!.outOfFold} images were held out from every member for the stackers`,
    );
    expect(report.verdict).toContain('This is a demonstration with generated images or random weights');
  });

  it('needs no more disk space than estimated', async () => {
    const { estimates } = JSON.parse(await readFile(at('run/plan.json'), 'utf8')) as {
      estimates: { diskBytes: number };
    };
    expect(await bytesOnDisk(at('run'))).toBeLessThan(estimates.diskBytes);
  });

  it('counts every test image, including the partial last batch', () => {
    for (const { test: score } of [...result.report.members, ...result.report.stackers]) expect(score!.count).toBe(34);
  });

  it('lists skipped files and pictures that occur in two sets', () => {
    expect(result.report.dataset.skipped).toEqual([
      { path: 'train/stars/stars-00001.png', reason: expect.stringContaining('not an image'), kind: 'image' },
    ]);
    expect(result.report.dataset.duplicates).toMatchObject([
      { paths: ['train/discs/discs-00000.png', 'validation/discs/discs-00000.png'] },
    ]);
  });

  it("trains each member on its own device, with TensorFlow's name for it", () => {
    const trainings = result.report.members.flatMap((member) => member.trainings);
    expect(trainings.map(({ device, backingDevice }) => [device, backingDevice])).toEqual([
      ['cpu:1', '/job:localhost/replica:0/task:0/device:CPU:1'],
      ['cpu:2', '/job:localhost/replica:0/task:0/device:CPU:2'],
    ]);
  });

  it('trains them concurrently', () => {
    const [wide, slim] = ['wide', 'slim'].map((name) => epochs.filter((epoch) => epoch.member === name));
    const overlap = wide!.some((one) =>
      slim!.some((other) => one.startedAtMs < other.trainedUntilMs && other.startedAtMs < one.trainedUntilMs),
    );
    expect(overlap).toBe(true);
  });

  it('reads no test image before all choices are made', () => {
    expect(result.report.testImagesReadBeforeChoice).toBe(0);
  });

  it('logs one line per epoch and member', async () => {
    const lines = (await readFile(at('run/metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(epochs);
    expect(epochs).toHaveLength(12);
  });

  it('accounts for the wall time of each lane: tasks and waits', () => {
    const { lanes, seconds } = result.report;
    // Images are explained only if there are mistakes.
    const kinds = ({ tasks }: (typeof lanes)[number]) =>
      tasks.map(({ kind }) => kind).filter((kind) => kind !== 'explain');
    expect(lanes.map((lane) => [lane.device, kinds(lane).toSorted()])).toEqual([
      ['cpu:1', ['predict', 'train']],
      ['cpu:2', ['predict', 'train']],
    ]);
    for (const { busySeconds, waits } of lanes) {
      const all = waits.reduce((sum, wait) => sum + wait.seconds, busySeconds);
      expect(all).toBeCloseTo(seconds.total, 6);
      expect(waits.map((wait) => wait.for)).toEqual([
        'finding weights, data and devices',
        'decoding images',
        'other lanes, or checking finished members',
        'the stackers',
        'testing members on other lanes',
        'writing the bundle and the report',
        'starting its thread and TensorFlow',
      ]);
    }
  });

  it('writes predictions from which its figures can be recomputed', async () => {
    const [header, ...rows] = (await readFile(at('run/predictions.csv'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(rows).toHaveLength(34);
    for (const { kind, chosen, test: score } of result.report.stackers) {
      const name = chosen ? `${kind}+vector` : kind;
      const [discs, stars] = [header!.indexOf(`${name}:discs`), header!.indexOf(`${name}:stars`)];
      const right = rows.filter(
        (row) => (Number(row[discs]) >= Number(row[stars]) ? 'discs' : 'stars') === row[1],
      ).length;
      expect(right).toBe(score.correct);
    }
  });

  it('leaves a self-contained bundle that makes the same predictions from files', async () => {
    await cp(at('run/bundle'), at('elsewhere'), { recursive: true });
    const csv = (await readFile(at('run/predictions.csv'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const chosen = result.report.stackers.find((stacker) => stacker.chosen)!;
    const column = csv[0]!.indexOf(`${chosen.kind}+vector:stars`);
    await cp(at('run'), at('run-copy'), { recursive: true });
    await rm(at('run'), { recursive: true });
    const evaluation = await evaluateBundle(at('elsewhere'), data, { workers: 'cpu:0', runtime });
    expect(evaluation.ensemble.test.correct).toBe(chosen.test.correct);
    expect(evaluation.ensemble.test.logLoss).toBeCloseTo(chosen.test.logLoss, 4);
    expect(evaluation.members.map(({ test: score }) => score.correct)).toEqual(
      result.report.members.map(({ test: score }) => score!.correct),
    );
    const recorded = new Map(csv.slice(1).map((row) => [row[0], Number(row[column])]));
    expect(evaluation.predictions).toHaveLength(34);
    for (const { path, probabilities } of evaluation.predictions)
      expect(Math.abs(probabilities.stars! - recorded.get(path)!)).toBeLessThan(1e-5);
  });

  it('predicts files in the given order, and reports why one cannot be used', async () => {
    const files = ['stars/stars-00003.png', 'discs/discs-00003.png'].map((name) => join(data, 'validation', name));
    const bad = join(data, 'train/stars/stars-00001.png');
    const { predictions, skipped } = await predictFiles(at('elsewhere'), [files[0]!, bad, files[1]!], {
      workers: 'cpu:0',
      runtime,
    });
    expect(predictions.map(({ path }) => path)).toEqual(files);
    for (const { probabilities } of predictions) expect(probabilities.discs! + probabilities.stars!).toBeCloseTo(1, 6);
    expect(skipped).toMatchObject([{ path: bad }]);
  });

  it('refuses a bundle with a flipped bit', async () => {
    await cp(at('elsewhere'), at('damaged'), { recursive: true });
    const path = at('damaged/members/slim/1.bin');
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    await expect(predictFiles(at('damaged'), [path])).rejects.toThrow(/slim\/1\.bin is damaged: expected sha256/);
  });

  it('has an up-to-date JSON schema in the package', async () => {
    const committed = JSON.parse(await readFile(new URL('../report.schema.json', import.meta.url), 'utf8'));
    expect(committed).toEqual(JSON.parse(JSON.stringify(reportJsonSchema())));
  });

  it('does not start in a folder that contains a run, or in one that is not writable', async () => {
    await expect(train(small(), { out: at('run-copy') })).rejects.toThrow(/There is already a run in .*run-copy\.$/);
    await writeFile(at('file'), '');
    const blocked = train(small(), { out: at('file/run') });
    await expect(blocked).rejects.toThrow(ConfigError);
    await expect(blocked).rejects.toThrow(/: a part of the path is not a folder\.$/);
  });
});

it('runs three lanes with a member each, on their assigned devices', async () => {
  const [wide, slim] = small().members! as ExperimentInput['members'] as [object, object];
  const third = { ...slim, name: 'third' };
  const members = [wide, slim, third].map((member, index) => ({ ...member, worker: [2, 0, 1][index] }));
  const { report } = await train(
    {
      ...small(),
      members: members as ExperimentInput['members'],
      workers: [{ device: 'cpu:0' }, { device: 'cpu:1' }, { device: 'cpu:2' }],
      recipe: { batchSize: 64, whole: { epochCount: 1 } },
    },
    { out: at('pinned') },
  );
  const devices = report.members.flatMap(({ trainings }) =>
    trainings.map((one) => [one.device, one.backingDevice.at(-1)]),
  );
  expect(devices).toEqual([
    ['cpu:2', '2'],
    ['cpu:0', '0'],
    ['cpu:1', '1'],
  ]);
  expect(report.lanes.map(({ device, tasks }) => [device, tasks[0]!.task])).toEqual([
    ['cpu:0', 'slim'],
    ['cpu:1', 'third'],
    ['cpu:2', 'wide'],
  ]);
});

it("an observer's error becomes a warning, and the run continues", async () => {
  const warned = new Promise<Error>((done) => process.once('warning', done));
  const onBatch = () => {
    throw new RangeError('of the listener');
  };
  const { exitCode } = await train(
    { ...small(), recipe: { batchSize: 64, whole: { epochCount: 1 } } },
    { out: at('observed'), observer: { onBatch } },
  );
  expect(exitCode).toBe(0);
  expect((await warned).message).toContain("the observer's onBatch threw: RangeError: of the listener");
});
