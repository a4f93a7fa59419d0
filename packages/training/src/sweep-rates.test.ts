import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPixelStore, PixelStore } from '@chorus/data';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeIn } from './engines.fixture.ts';
import { StoppedError, TrainingError } from './errors.ts';
import type { TrainingLane } from './lane-context.ts';
import type { StagePlan } from './plan.ts';
import type { TrainTask } from './protocol.ts';
import { StopFlag } from './stop-flag.ts';
import { suggestRate } from './suggest-rate.ts';
import { sweepRates } from './sweep-rates.ts';

const [size, imageCount] = [32, 496];
const pixels = createPixelStore(imageCount, size);
const labels = new SharedArrayBuffer(imageCount * Int32Array.BYTES_PER_ELEMENT);
let parent: string;
let runtime: ReturnType<typeof initRuntime>;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-sweep-'));
  runtime = initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
  const store = new PixelStore(pixels);
  for (let image = 0; image < imageCount; image += 1) {
    new Int32Array(labels)[image] = image % 2;
    // Horizontal or vertical stripes.
    const bytes = Uint8Array.from({ length: size * size * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / 3 / size)];
      return ((image % 2 === 0 ? x : y) + image) % 8 < 4 ? 220 : 30 + (image % 5) * 9;
    });
    store.publish(image, bytes);
  }
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const whole: StagePlan = {
  name: 'whole',
  trains: 'all',
  batchNorm: 'batch',
  recalibratesBatchNorm: false,
  loss: { labelSmoothing: 0, fromLogitsOnSigmoid: null },
  optimizer: { kind: 'adam', weightDecay: 0, emaMomentum: 0.9 },
  learningRate: { kind: 'constant', value: 1e-3 },
  augmentation: { kind: 'none' },
  batchSize: 4,
  wholeBatchesOnly: false,
  epochCount: 1,
  stopping: { keeps: 'last' },
  precision: 'float32',
};
const head: StagePlan = { ...whole, name: 'head', trains: 'head', batchNorm: 'moving' };

function taskOf(stages: StagePlan[], fitCount = 80, seed = 3): TrainTask {
  const range = (start: number, end: number) => Uint32Array.from({ length: end - start }, (_, index) => start + index);
  return {
    ...{ kind: 'train', name: 'slim', fold: { kind: 'holdout' }, seed, classes: ['a', 'b'], keepsWeights: false },
    ...{ pixels, labels, reads: new SharedArrayBuffer(imageCount), folder: join(parent, 'unused') },
    ...{ fit: range(0, fitCount), tune: range(480, 488), outOfFold: range(488, 496) },
    member: {
      ...{ name: 'slim', preprocessing: 'minus-one-to-one', dropout: 0, weights: { kind: 'random' } },
      ...{ initializes: 'all', features: null, testTimeAugmentation: false, stages },
      backbone: { family: 'mobilenet', alpha: 0.25, inputSize: size },
    },
  };
}

function laneWith(stop = new StopFlag()) {
  const events: string[] = [];
  const lane: TrainingLane = {
    ...runtime,
    compute: computeIn.tensorflow,
    stop,
    observer: {
      onStage: (_, stage) => events.push(stage),
      onBatch: () => {},
      onEpoch: ({ stage }) => events.push(`${stage} trained`),
      onWarning: () => {},
      onContinue: () => {},
    },
  };
  return { lane, events };
}

const range = { lowest: 1e-6, highest: 1, stepCount: 100 };

describe('sweepRates', () => {
  it('raises the rate exponentially over at most one epoch', async () => {
    const before = tf.memory().numTensors;
    const [sweep] = await sweepRates(taskOf([whole]), laneWith().lane, { ...range, stages: ['whole'] });
    expect(tf.memory().numTensors).toBe(before);
    const { stage, rates, losses, stepCount } = sweep!;
    expect([stage, stepCount]).toEqual(['whole', 20]);
    expect(losses).toHaveLength(rates.length);
    for (const [step, rate] of rates.entries()) expect(rate / 1e-6 / 1e6 ** (step / 19)).toBeCloseTo(1, 6);
  });

  it('finds rates at which the member learns', async () => {
    const task = taskOf([{ ...whole, batchSize: 8 }], 480);
    const [sweep] = await sweepRates(task, laneWith().lane, { ...range, stages: ['whole'] });
    expect(sweep!.stepCount).toBe(60);
    const { valley, tenthOfMinimum } = suggestRate(sweep!)!;
    for (const rate of [valley, tenthOfMinimum]) {
      expect(rate).toBeGreaterThan(1e-5);
      expect(rate).toBeLessThan(0.1);
    }
  });

  it('ends early when the loss diverges', async () => {
    const sgd = { ...whole, optimizer: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 } } as const;
    const wild = { ...range, lowest: 1e-3, highest: 1e6, stages: ['whole'] } as const;
    const [sweep] = await sweepRates(taskOf([sgd]), laneWith().lane, wild);
    expect(sweep!.rates.length).toBeLessThan(20);
    expect(sweep!.losses.every(Number.isFinite)).toBe(true);
  });

  it('trains earlier stages as planned, and restores the weights after each sweep', async () => {
    const both = laneWith();
    const fineTune = { ...whole, name: 'fine-tune', batchNorm: 'moving' } as const;
    const sweeps = await sweepRates(taskOf([head, fineTune]), both.lane, { ...range, stages: ['head', 'fine-tune'] });
    expect(sweeps.map(({ stage }) => stage)).toEqual(['head', 'fine-tune']);
    expect(both.events).toEqual(['features', 'head', 'features', 'head', 'head trained', 'features', 'fine-tune']);
    // Without the first sweep, the second one is the same.
    const alone = await sweepRates(taskOf([head, fineTune]), laneWith().lane, { ...range, stages: ['fine-tune'] });
    expect(alone).toEqual(sweeps.slice(1));
  });

  it('refuses too few images, and says what to do', async () => {
    const sweep = sweepRates(taskOf([whole], 60), laneWith().lane, { ...range, stages: ['whole'] });
    await expect(sweep).rejects.toThrow(TrainingError);
    await expect(sweep).rejects.toThrow(
      /^slim: .* at least 16 batches of 4 images, received 15; lower recipe\.batchSize/,
    );
  });

  it('stops before the next batch', async () => {
    const stop = new StopFlag();
    stop.raise();
    const before = tf.memory().numTensors;
    const sweep = sweepRates(taskOf([whole]), laneWith(stop).lane, { ...range, stages: ['whole'] });
    await expect(sweep).rejects.toThrow(StoppedError);
    expect(tf.memory().numTensors).toBe(before);
  });
});
