/** Trainings that are stopped, and continued from their checkpoint with everything built anew. */
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createPixelStore } from '@chorus/data';
import type { initRuntime } from '@chorus/runtime';
import { sha256 } from '@chorus/storage';
import { unchanged } from '../augment/settings.ts';
import { publishImages } from '../engines.fixture.ts';
import { StoppedError } from '../errors.ts';
import type { ImageFunction } from '../image-function.ts';
import { KeptModels } from '../kept-models.ts';
import type { LaneContext } from '../lane-context.ts';
import { readMember } from '../member-folder.ts';
import type { MemberPlan, StagePlan } from '../plan.ts';
import type { ComputeSettings } from '../prepared-function.ts';
import type { EpochMetrics, TrainingPlace, TrainTask } from '../protocol.ts';
import { headStageOf, imageRange, slimMember, wholeStage } from '../slim-training.fixture.ts';
import { StopFlag } from '../stop-flag.ts';
import { trainMember } from '../train-member.ts';

const size = slimMember.backbone.inputSize;
const imageCount = 14;
const pixels = createPixelStore(imageCount, size);
publishImages(pixels);
const labels = new SharedArrayBuffer(imageCount * Int32Array.BYTES_PER_ELEMENT);
new Int32Array(labels).set(Array.from({ length: imageCount }, (_, image) => image % 2));

const stage: StagePlan = {
  ...wholeStage,
  optimizer: { kind: 'adam', weightDecay: 0.05, layerDecay: 0.8, clipNorm: 1, emaMomentum: 0.9 },
  learningRate: { kind: 'cosine', value: 1e-3, warmUp: 0.3, endFactor: 0 },
  batchSize: 3,
  epochCount: 2,
};
const head: StagePlan = { ...headStageOf(stage), epochCount: 1 };
const fineTune: StagePlan = { ...head, name: 'fine-tune', trains: { lastBlocks: 2 }, epochCount: 3 };
const soup = { keeps: 'soup', mostEpochs: 3, patience: 9, startCounts: true } as const;

/** The stages of a training that all of its parts have something to say about, and the number of its steps. */
export const trainings: Record<string, { stages: StagePlan[]; stepCount: number }> = {
  'AdamW with averages, whose best epoch is kept': { stages: [stage], stepCount: 6 },
  'SGD in passes over parts of a batch': {
    stages: [
      {
        ...stage,
        optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.05 },
        microBatchSize: 2,
        stopping: { keeps: 'last' },
      },
    ],
    stepCount: 6,
  },
  'two stages, with a soup': {
    stages: [head, { ...fineTune, optimizer: { kind: 'adam', weightDecay: 0 }, stopping: soup }],
    stepCount: 12,
  },
  'a soup of averages of all layers, with recalibrated BatchNorm': {
    stages: [{ ...stage, stopping: soup }],
    stepCount: 6,
  },
  'an early end, with augmentation in the step': {
    stages: [
      {
        ...fineTune,
        epochCount: 9,
        learningRate: { kind: 'constant', value: 0.3 },
        augmentation: { kind: 'random', ...unchanged, flip: true, cropArea: 0.5, rotation: 30, mixup: 1 },
        stopping: { keeps: 'best', patience: 1, startCounts: true },
      },
    ],
    stepCount: 3,
  },
};

/**
 * A stage whose kernels grow 18-fold in each step, until a loss is not finite. At a tenth of the rate, they shrink by a tenth.
 */
const growing: StagePlan = {
  ...stage,
  optimizer: { kind: 'adam', weightDecay: 19e3, emaMomentum: 0.5 },
  learningRate: { kind: 'constant', value: 1e-3 },
  // It would hide the growth from the loss on tune, and the best epoch would be the last one before the end.
  recalibratesBatchNorm: false,
  // Of all layers, the loss breaks in the last of these.
  epochCount: 6,
  stopping: { keeps: 'best', patience: 99, startCounts: false },
};

/** The stages of trainings that are retried. */
export const retriedTrainings: Record<string, StagePlan[]> = {
  'AdamW with averages': [growing],
  'SGD in passes over parts of a batch, which keeps its last weights': [
    {
      ...headStageOf(growing),
      optimizer: { kind: 'sgd', momentum: 0.5, nesterov: false, weightDecay: 19e3 },
      microBatchSize: 2,
      epochCount: 12,
      stopping: { keeps: 'last' },
    },
  ],
  'a soup in a later stage, before another one': [
    head,
    { ...fineTune, ...growing, name: 'unfreeze-1', trains: { lastBlocks: 1 }, stopping: soup },
    fineTune,
  ],
};

/** What happened in the parts of a training. */
export interface Parts {
  epochs: EpochMetrics[];
  /** Number of steps of each part. */
  steps: number[];
  /** Where parts continued. */
  places: TrainingPlace[];
  warnings: string[];
  /** Names of the checkpoints after each stop. */
  checkpoints: string[][];
}

export type Runtime = ReturnType<typeof initRuntime>;

export async function taskIn(parent: string, stages: StagePlan[], interval = 1e6): Promise<TrainTask> {
  const folder = await mkdtemp(join(parent, 'run-'));
  const member: MemberPlan = { ...slimMember, dropout: 0.2, stages };
  return {
    ...{ kind: 'train', name: 'slim', fold: { kind: 'holdout' }, seed: 7, classes: ['a', 'b'], keepsWeights: true },
    ...{ pixels, labels, reads: new SharedArrayBuffer(imageCount), member },
    ...{
      fit: imageRange(0, 8),
      tune: imageRange(8, 11),
      outOfFold: imageRange(11, 14),
      folder: join(folder, 'member'),
    },
    checkpoints: { folder: join(folder, 'checkpoints'), intervalSeconds: interval },
  };
}

/**
 * Trains in parts, each with everything built anew.
 *
 * @param stops number of steps after which each part is stopped; `predict`: before the predictions; undefined: not at all.
 */
export async function trainParts(
  task: TrainTask,
  runtime: Runtime,
  compute: ComputeSettings,
  stops: readonly (number | 'predict' | undefined)[],
): Promise<Parts> {
  const parts: Parts = { epochs: [], steps: [], places: [], warnings: [], checkpoints: [] };
  for (const stopAfter of stops) {
    const stop = new StopFlag();
    let steps = 0;
    const context: LaneContext = {
      ...{ ...runtime, stop, compute, models: new KeptModels<ImageFunction>() },
      observer: {
        onStage: (_, name) => name === 'predict' && stopAfter === 'predict' && stop.raise(),
        onBatch() {
          steps += 1;
          if (steps === stopAfter) stop.raise();
        },
        onEpoch: (epoch) => parts.epochs.push(epoch),
        onWarning: (_, message) => parts.warnings.push(message),
        onContinue: (_, place) => parts.places.push(place),
      },
    };
    const isStopped = await trainMember(task, context).then(
      () => false,
      (error) => {
        if (error instanceof StoppedError) return true;
        throw error;
      },
    );
    parts.steps.push(steps);
    if (!isStopped) break;
    parts.checkpoints.push((await readdir(task.checkpoints!.folder)).toSorted());
  }
  return parts;
}

/** As {@link trainParts}, to the end; returns also what the training leaves: all numbers but times. */
export async function trainWithStops(
  task: TrainTask,
  runtime: Runtime,
  compute: ComputeSettings,
  stops: readonly (number | 'predict')[],
) {
  const { epochs, ...parts } = await trainParts(task, runtime, compute, [...stops, undefined]);
  const { weights, outOfFoldLogits, record } = await readMember(task.folder);
  const numbers = epochs.map(
    ({ startedAtMs: _, trainedUntilMs: __, finishedAtMs: ___, compiled: ____, ...epoch }) => epoch,
  );
  // Not the bytes, whose differences nobody could read.
  const left = {
    epochs: numbers,
    weights: sha256(weights!),
    outOfFoldLogits,
    soups: record.soups,
    retry: record.retry,
  };
  return { ...parts, left };
}
