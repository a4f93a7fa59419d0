/** What crosses between the main thread and a lane: plain data and shared memory, never tensors, models or functions. */
import type { MessagePort } from 'node:worker_threads';
import type { Fold, PixelStoreHandle } from '@chorus/data';
import type { MemberManifest } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import type { TrainedMember } from './member-folder.ts';
import type { MemberPlan, StageName } from './plan.ts';
import type { ComputeSettings } from './prepared-function.ts';

/** Given to a lane's thread once, when it starts. */
export interface LaneStartup {
  runtime: RuntimeOptions;
  compute: ComputeSettings;
  /** Int32[1]: not 0 asks every lane to stop before its next batch. */
  stop: SharedArrayBuffer;
}

/** What every task on a member to be trained needs. */
export interface MemberTask {
  /** Of the task, in messages: the member's, followed by the fold's where there are several. */
  name: string;
  member: MemberPlan;
  classes: string[];
  /** Draws fresh weights, the order of images and their augmentation. */
  seed: number;
  /** The images in the member's size. */
  pixels: PixelStoreHandle;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
}

/** Computes the pooled features of a frozen, pre-trained backbone: once for all folds of a member. */
export interface FeaturesTask extends MemberTask {
  kind: 'features';
  /** The images that get rows. */
  indices: Uint32Array;
  rowsPerImage: 1 | 2;
}

/** Pooled features in memory that all lanes share. */
export interface SharedFeatures {
  /** The images that have rows. */
  indices: Uint32Array;
  /** 2 where an image's mirror image has the next row. */
  rowsPerImage: 1 | 2;
  /** Float32[indices × rowsPerImage × width]. */
  rows: SharedArrayBuffer;
}

/** Trains a member on one fold and publishes its folder. */
export interface TrainTask extends MemberTask {
  kind: 'train';
  fold: Fold;
  /** Int32 per image of the store: its class. */
  labels: SharedArrayBuffer;
  fit: Uint32Array;
  tune: Uint32Array;
  outOfFold: Uint32Array;
  /** Of all training images, where a {@link FeaturesTask} has computed them. */
  features?: SharedFeatures | undefined;
  /** Where the member is published. */
  folder: string;
  /** Whether the folder gets the weights too: only of a model that predicts later. */
  keepsWeights: boolean;
}

/** Runs a finished model over images. */
export interface PredictTask {
  kind: 'predict';
  name: string;
  manifest: MemberManifest;
  /** In shared memory: no lane copies it. */
  weights: Uint8Array;
  pixels: PixelStoreHandle;
  indices: Uint32Array;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
  /** Averages the logits of each image and its mirror image. */
  testTimeAugmentation: boolean;
  /** Images in all tasks on this model together; by default those of this task. */
  imageCount?: number | undefined;
  /** The thread keeps the model under this name for further tasks, until it is released; by default it does not. */
  keepAs?: string | undefined;
}

/** Disposes the models that the thread has kept. */
export interface ReleaseTask {
  kind: 'release';
}

export type LaneTask = FeaturesTask | TrainTask | PredictTask;

/** What each kind of task returns. */
export interface LaneResults {
  features: SharedFeatures;
  /** Without the weights, which are in the member's folder. */
  train: Omit<TrainedMember, 'weights'>;
  /** [indices, outputs] */
  predict: Float32Array;
}

export type LaneResult<Task extends LaneTask> = LaneResults[Task['kind']];

/** One line of `metrics.jsonl`. Times are milliseconds since the epoch, the same clock on every lane. */
export interface EpochMetrics {
  /** Name of the task. */
  task: string;
  member: string;
  fold: Fold;
  device: string;
  stage: StageName;
  epochIndex: number;
  startedAtMs: number;
  /** From the first training step's start to the last one's end. */
  trainedUntilMs: number;
  finishedAtMs: number;
  stepCount: number;
  /** Mean over the epoch's images, in training mode. */
  loss: number;
  tuneLoss: number;
  tuneAccuracy: number;
  /** Of the last step. */
  learningRate: number;
  /** This epoch's loss on `tune` is the lowest so far. */
  best: boolean;
  /** What compiling the stage's functions has cost so far; null where they run op by op. */
  compiled: CompiledMetrics | null;
}

export interface CompiledMetrics {
  /** Input shapes that functions were traced for; one more in each epoch would be a bug. */
  traceCount: number;
  /** Compiled functions that are kept. */
  cacheSize: number;
  /** Tracing and first calls, in which TensorFlow optimizes the graph. */
  firstCallsMs: number;
}

/** Called by a lane, over comlink; the main thread implements it. `task` is the task's name. */
export interface LaneObserver {
  onStage(task: string, stage: StageName | 'features' | 'predict' | 'done'): void;
  onBatch(
    task: string,
    progress: { stage: StageName | 'features'; epochIndex: number; stepIndex: number; stepCount: number },
  ): void;
  onEpoch(metrics: EpochMetrics): void;
  onWarning(task: string, message: string): void;
}

/** What a lane's thread is called with. */
export interface LaneRequest {
  task: LaneTask | ReleaseTask;
  /** Through it the thread calls the {@link LaneObserver} at the other end. */
  observer: MessagePort;
  /** Float64[1]: the thread writes when it started the task, milliseconds since the epoch. */
  startedAtMs: SharedArrayBuffer;
}
