import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPixelStore, PixelStore } from '@chorus/data';
import { initRuntime } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StoppedError, TrainingError } from './errors.ts';
import { readMember } from './member-folder.ts';
import type { MemberPlan, StagePlan } from './plan.ts';
import type { TrainTask } from './protocol.ts';
import { StopFlag } from './stop-flag.ts';
import { computeFeatures, type LaneContext, trainMember } from './train-member.ts';

const size = 32;
const imageCount = 24;
const pixels = createPixelStore(imageCount, size);
const labels = new SharedArrayBuffer(imageCount * Int32Array.BYTES_PER_ELEMENT);
const range = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, index) => from + index);
const [fit, tune, outOfFold] = [range(0, 16), range(16, 20), range(20, 24)];

let folder: string;
let stages: string[];
let stop: StopFlag;
let lane: LaneContext;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-train-member-'));
  const { device, backingDevice } = initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  lane = {
    device,
    backingDevice,
    observer: {
      onStage: (_, stage) => void stages.push(stage),
      onBatch() {},
      onEpoch() {},
      onWarning() {},
    },
    stop: new StopFlag(),
    compute: { compile: false, bfloat16: false },
  };
  const store = new PixelStore(pixels);
  for (let image = 0; image < imageCount; image += 1) {
    new Int32Array(labels)[image] = image % 2;
    // Bright and dark images: a head learns to tell them apart.
    store.publish(
      image,
      Uint8Array.from({ length: size * size * 3 }, (_, index) => (image % 2) * 120 + ((index * (image + 3)) % 100)),
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  stages = [];
  stop = new StopFlag();
  lane = { ...lane, stop };
});

const backbone = { family: 'mobilenet', alpha: 0.25, inputSize: size } as const;

const head: StagePlan = {
  name: 'head',
  trains: 'head',
  batchNorm: 'moving',
  recalibratesBatchNorm: false,
  loss: { labelSmoothing: 0, fromLogitsOnSigmoid: null },
  optimizer: { kind: 'adam', weightDecay: 0 },
  learningRate: { kind: 'constant', value: 1e-2 },
  augmentation: { kind: 'flip' },
  batchSize: 8,
  wholeBatchesOnly: false,
  epochCount: 2,
  stopping: { keeps: 'best', patience: 2, startCounts: true },
  precision: 'float32',
};

const plan = (changes: Partial<MemberPlan> = {}): MemberPlan => ({
  name: 'slim',
  backbone,
  preprocessing: 'minus-one-to-one',
  dropout: 0,
  weights: { kind: 'random' },
  initializes: 'all',
  recipe: 'transfer',
  stages: [head],
  features: null,
  testTimeAugmentation: true,
  ...changes,
});

const task = (name: string, member: MemberPlan, changes: Partial<TrainTask> = {}): TrainTask => ({
  kind: 'train',
  name,
  member,
  fold: { kind: 'holdout' },
  classes: ['a', 'b'],
  seed: 3,
  pixels,
  reads: new SharedArrayBuffer(imageCount),
  labels,
  ...{ fit, tune, outOfFold },
  folder: join(folder, name),
  keepsWeights: true,
  ...changes,
});

describe('trainMember', () => {
  it('publishes what it returns, with the logits of the images that it left out, and leaves no tensor', async () => {
    const tensorCount = tf.memory().numTensors;
    const trained = await trainMember(task('whole', plan()), lane);
    expect(tf.memory().numTensors).toBe(tensorCount);
    expect(stages).toEqual(['features', 'head', 'predict']);
    expect(trained.outOfFoldLogits).toHaveLength(outOfFold.length);
    expect(trained.record).toMatchObject({ device: 'cpu:0', precision: 'float32', recipe: 'transfer' });
    const { weights: kept, ...read } = await readMember(join(folder, 'whole'));
    expect(read).toEqual(trained);
    expect(kept!.length).toBeGreaterThan(800_000);
  });

  it('leaves out the weights of a model that does not predict later', async () => {
    await trainMember(task('fold', plan(), { keepsWeights: false }), lane);
    expect((await readMember(join(folder, 'fold'))).weights).toBeUndefined();
  });

  it('reads the images of its sets only', async () => {
    const reads = new SharedArrayBuffer(imageCount);
    await trainMember(task('reads', plan(), { reads, fit: fit.subarray(1) }), lane);
    expect([...new Uint8Array(reads)]).toEqual([0, ...new Array<number>(imageCount - 1).fill(1)]);
  });

  it('trains and predicts with shared features as with its own', async () => {
    const own = await trainMember(task('own', plan()), lane);
    const member = plan({ features: { rowsPerImage: 2, predict: true } });
    const features = await computeFeatures(
      { ...task('features', member), kind: 'features', indices: range(0, imageCount), rowsPerImage: 2 },
      lane,
    );
    const shared = await trainMember(task('shared', member, { features }), lane);
    for (const [index, logit] of shared.outOfFoldLogits.entries())
      expect(logit).toBeCloseTo(own.outOfFoldLogits[index]!, 5);
  });

  it('stops before its next batch', async () => {
    stop.raise();
    await expect(trainMember(task('stopped', plan()), lane)).rejects.toThrow(StoppedError);
  });

  it('fails with a TrainingError when the loss is not finite', async () => {
    const wild = { ...head, learningRate: { kind: 'constant' as const, value: Number.MAX_VALUE } };
    const failing = trainMember(task('wild', plan({ stages: [wild] })), lane);
    await expect(failing).rejects.toThrow(TrainingError);
    await expect(failing).rejects.toThrow(/of stage "head" at learning rate 1\.7/);
  });

  it('refuses a weight file that has changed since it was planned, and disposes of the model', async () => {
    const tensorCount = tf.memory().numTensors;
    const path = join(folder, 'changed.h5');
    await writeFile(path, 'other weights');
    const weights = { kind: 'file' as const, path, sha256: 'b'.repeat(64) };
    await expect(trainMember(task('changed', plan({ weights })), lane)).rejects.toThrow(/other content/);
    expect(tf.memory().numTensors).toBe(tensorCount);
  });
});
