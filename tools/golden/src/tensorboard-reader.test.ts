/** Reads the logs of `tensorboard: true` with TensorBoard's own reader, and compares them with the run's other files. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShapes } from '@chorus/data';
import { type EpochMetrics, type ExperimentInput, type Report, StoppedError, train } from '@chorus/orchestration';
import { canPreparePython } from '@chorus/python';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareTensorBoardPython, runScript } from './python.ts';

interface Scalar {
  wallTime: number;
  step: number;
  value: number;
}
interface Histogram {
  step: number;
  minimum: number;
  maximum: number;
  count: number;
  limits: number[];
  counts: number[];
}
interface Image {
  step: number;
  width: number;
  height: number;
  png: string;
}
interface RunOfTensorBoard {
  scalars: Record<string, Scalar[]>;
  histograms: Record<string, Histogram[]>;
  images: Record<string, Image[]>;
}
/** What tensorboard_check.py prints. */
interface Answer {
  runs: Record<string, RunOfTensorBoard>;
  shown: Record<'scalars' | 'histograms' | 'images', Record<string, string[]>>;
}

const trainings = ['wide/fold-1', 'wide/fold-2', 'slim/fold-1', 'slim/fold-2'];
/** The training that is stopped after its first epoch. */
const stoppedTraining = 'slim/fold-2';

describe.skipIf(!canPreparePython())("TensorBoard's reader (needs Python 3.11 or later with venv and pip)", () => {
  let parent: string;
  let logs: string;
  let report: Report;
  /** Epochs of each training. */
  let epochsOf: (task: string) => EpochMetrics[];
  let answer: Answer;

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'chorus-tensorboard-'));
    logs = join(parent, 'run/tensorboard');
    const data = join(parent, 'data');
    await drawShapes(data, { seed: 1, imagesPerClass: { train: 24, validation: 12 } });
    ({ report } = await trainInTwoParts(data, join(parent, 'run')));
    const lines = (await readFile(join(parent, 'run/metrics.jsonl'), 'utf8')).trim().split('\n');
    const metrics: EpochMetrics[] = lines.map((line) => JSON.parse(line));
    epochsOf = (task) => metrics.filter((epoch) => epoch.task === task);
    const [line] = await runScript(await prepareTensorBoardPython(), 'tensorboard_check.py', [logs]);
    answer = JSON.parse(line!);
  }, 600_000);
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it('finds a run per member and fold, and one of the ensemble', () => {
    expect(Object.keys(answer.runs).toSorted()).toEqual([...trainings, 'ensemble'].toSorted());
  });

  it.each(trainings)('has each epoch of metrics.jsonl: %s', (task) => {
    const { scalars } = answer.runs[task]!;
    const epochs = epochsOf(task);
    expect(epochs).toHaveLength(3);
    const columns = {
      'loss/fit': ({ loss }: EpochMetrics) => loss,
      'loss/tune': ({ tuneLoss }: EpochMetrics) => tuneLoss,
      'accuracy/tune': ({ tuneAccuracy }: EpochMetrics) => tuneAccuracy,
      'learning-rate': ({ learningRate }: EpochMetrics) => learningRate,
    };
    for (const [tag, numberOf] of Object.entries(columns))
      expect(scalars[tag], tag).toEqual(
        epochs.map((epoch, step) => ({
          step,
          wallTime: epoch.finishedAtMs / 1000,
          value: Math.fround(numberOf(epoch)),
        })),
      );
  });

  it.each(trainings)('has each step, whose losses and rates are those of their epochs: %s', (task) => {
    const { scalars } = answer.runs[task]!;
    const [losses, rates] = [scalars['steps/loss']!, scalars['steps/learning-rate']!];
    const all = epochsOf(task);
    const stepCount = all[0]!.stepCount;
    expect(stepCount).toBeGreaterThan(1);
    for (const steps of [losses, rates])
      expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 3 * stepCount }, (_, step) => step));
    for (const [index, epoch] of all.entries()) {
      const [from, to] = [index * stepCount, (index + 1) * stepCount];
      // Epochs have whole batches, so that the mean over images is that over steps.
      const mean = losses.slice(from, to).reduce((sum, { value }) => sum + value, 0) / stepCount;
      expect(mean).toBeCloseTo(epoch.loss, 5);
      expect(rates[to - 1]!.value).toBe(Math.fround(epoch.learningRate));
    }
    expect(new Set(rates.map(({ value }) => value)).size).toBeGreaterThan(2);
  });

  it.each(trainings)('has histograms of all weights that train: %s', (task) => {
    const { histograms } = answer.runs[task]!;
    const tags = Object.keys(histograms);
    // The 27 layers with weights of MobileNet, each with its BatchNorm, and the head; two classes have one logit.
    expect(tags).toHaveLength(27 * 3 + 2);
    const width = task.startsWith('wide') ? 512 : 256;
    for (const [tag, count] of Object.entries({ 'weights/head/kernel': width, 'weights/head/bias': 1 }))
      expect(histograms[tag]!.map((histogram) => [histogram.step, histogram.count])).toEqual(
        [0, 1, 2].map((step) => [step, count]),
      );
    for (const { minimum, maximum, count, limits, counts } of Object.values(histograms).flat()) {
      expect(counts.reduce((sum, one) => sum + one, 0)).toBe(count);
      expect(limits.toSorted((a, b) => a - b)).toEqual(limits);
      expect(limits.at(-1)).toBe(maximum);
      expect(minimum).toBeLessThanOrEqual(limits[0]!);
    }
    const kernels = histograms['weights/head/kernel']!.map(({ minimum, maximum }) => `${minimum} ${maximum}`);
    expect(new Set(kernels).size).toBe(3);
  });

  it.each(trainings)('has pictures of augmented images and of confusions: %s', (task) => {
    const { images } = answer.runs[task]!;
    // Six rows; a column for the images, and one for each of the three epochs.
    expect(images.augmentation!.map(({ step, width, height }) => [step, width, height])).toEqual([
      [0, 4 * 36 + 4, 6 * 36 + 4],
    ]);
    expect(images['confusion/tune']!.map(({ step }) => step)).toEqual([0, 1, 2]);
    expectPngs(images);
  });

  it("has the ensemble's test", () => {
    const { scalars, images } = answer.runs.ensemble!;
    const { accuracy, logLoss } = report.stackers.find(({ chosen }) => chosen)!.test;
    const stepsOf = (tag: string) => scalars[tag]!.map(({ step, value }) => [step, value]);
    expect(stepsOf('test/accuracy')).toEqual([[0, Math.fround(accuracy)]]);
    expect(stepsOf('test/loss')).toEqual([[0, Math.fround(logLoss)]]);
    // Members of a few steps make mistakes.
    expect(report.mistakes.length).toBeGreaterThan(0);
    expect(Object.keys(images).toSorted()).toEqual(['test/confusion', 'test/mistakes']);
    expectPngs(images);
  });

  it('shows all of them in its dashboards', () => {
    for (const kind of ['scalars', 'histograms', 'images'] as const) {
      const read = Object.entries(answer.runs).map(([run, tags]) => [run, Object.keys(tags[kind]).toSorted()] as const);
      expect(answer.shown[kind]).toEqual(Object.fromEntries(read.filter(([, tags]) => tags.length > 0)));
    }
  });

  it('has the epochs and steps before a stop, which are in a file of their own', async () => {
    expect(await readdir(join(logs, stoppedTraining))).toHaveLength(2);
    for (const task of trainings.slice(0, 3)) expect(await readdir(join(logs, task))).toHaveLength(1);
  });
});

/** Stops the run in its last training, and resumes it, which continues the logs. */
async function trainInTwoParts(source: string, out: string): Promise<{ report: Report }> {
  const experiment: ExperimentInput = {
    ...{ name: 'logged', inputSize: 32, weights: 'random', data: { source } },
    members: [
      { name: 'wide', backbone: 'mobilenet', alpha: 0.5 },
      { name: 'slim', backbone: 'mobilenet', alpha: 0.25 },
    ],
    split: { tune: 0.34 },
    stacking: { kind: 'kfold', folds: 2, members: 'average' },
    recipe: {
      ...{ batchSize: 8, augmentation: 'heavy' },
      whole: { epochCount: 3, learningRate: 1e-3, schedule: { kind: 'cosine' } },
    },
    stackers: { kinds: ['mean'] },
    runtime: { intraOpThreads: 1, compile: false },
    workers: [{ device: 'cpu:0' }],
  };
  const controller = new AbortController();
  const observer = { onEpoch: ({ task }: EpochMetrics) => task === stoppedTraining && controller.abort() };
  const stopped = train(experiment, { out, tensorboard: true, observer, signal: controller.signal });
  await expect(stopped).rejects.toThrow(StoppedError);
  return train({}, { resume: out });
}

/** Expects PNG files of the sizes that the events name. */
function expectPngs(images: Record<string, Image[]>): void {
  for (const { width, height, png } of Object.values(images).flat()) {
    const bytes = Buffer.from(png, 'base64');
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    // The header of the first chunk, IHDR.
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([width, height]);
  }
}
