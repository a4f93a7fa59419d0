/** What crosses between the run and its lanes: plain data and shared memory, never tensors, models or functions. */
import type { PixelStoreHandle } from '@chorus/data';
import type { BackboneSpec, MemberManifest } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import type { Flaws } from '../experiment/flaws.ts';
import type { Recipe } from '../experiment/schema.ts';
import type { ComputeSettings } from '../member/prepared-function.ts';

/** Given to a lane's thread once, when it starts. */
export interface LaneStartup {
  runtime: RuntimeOptions;
  compute: ComputeSettings;
  /** Int32[1]: not 0 asks every lane to stop at its next batch edge. */
  stop: SharedArrayBuffer;
}

/** Where a member's first weights come from. */
export type InitialWeights =
  | { kind: 'random' }
  | { kind: 'file'; path: string; sha256: string; note?: string | undefined };

/** One Uint8 per image of the store, set when a task reads its pixels; one such map per purpose. */
export interface ReadRecords {
  fit: SharedArrayBuffer;
  tune: SharedArrayBuffer;
  stack: SharedArrayBuffer;
  test: SharedArrayBuffer;
}

/** What every task on a member to be trained needs: the untrained member and the images in its size. */
export interface MemberTask {
  /** Of the task, in messages: the member's, with the part's behind it where there are several. */
  name: string;
  backbone: BackboneSpec;
  weights: InitialWeights;
  classes: string[];
  /** Draws fresh weights, order and flips. */
  seed: number;
  flaws: Flaws;
  recipe: Recipe;
  pixels: PixelStoreHandle;
}

/** Computes what a pre-trained, frozen backbone makes of all training images: once for all parts of a member. */
export interface FeaturesTask extends MemberTask {
  kind: 'features';
  features: SharedFeatures;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
}

/** Pooled features in memory that all lanes see. */
export interface SharedFeatures {
  /** The images that have rows. */
  indices: Uint32Array;
  /** 2 where an image's mirror image has the row behind it. */
  rowsPerImage: 1 | 2;
  /** Float32[indices × rowsPerImage × width]. */
  rows: SharedArrayBuffer;
}

/** Trains a member on one part of the split and publishes its folder. */
export interface TrainTask extends MemberTask {
  kind: 'train';
  /** Member and part, as in the split. */
  member: string;
  part: string;
  /** Int32 per image of the store: its class. */
  labels: SharedArrayBuffer;
  fit: Uint32Array;
  tune: Uint32Array;
  outOfFold: Uint32Array;
  /** Of all training images, where a {@link FeaturesTask} has computed them. */
  features?: SharedFeatures | undefined;
  reads: Pick<ReadRecords, 'fit' | 'tune' | 'stack'>;
  /** Average the logits on `outOfFold` with those of the mirror images. */
  testTimeAugmentation: boolean;
  /** Where the member is published, with its logits on `outOfFold`. */
  folder: string;
  /** Whether its weights are published too: somebody will predict with them. */
  keepsWeights: boolean;
}

/** Runs a finished model over images. */
export interface PredictTask {
  kind: 'predict';
  name: string;
  manifest: MemberManifest;
  weights: Uint8Array;
  pixels: PixelStoreHandle;
  indices: Uint32Array;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
  /** Average each image's logits with its mirror image's. */
  testTimeAugmentation: boolean;
  /** Float32[indices × outputs], filled by the task. */
  logits: SharedArrayBuffer;
  /** Images in all tasks on this model together; by default those of this task. */
  imageCount?: number | undefined;
  /** The thread keeps the model under this name, for further tasks and until it is released; by default it does not. */
  keepAs?: string | undefined;
}

/** Disposes the models that the thread has kept. */
export interface ReleaseTask {
  kind: 'release';
}

export type LaneTask = FeaturesTask | TrainTask | PredictTask;

export type StageName = 'head' | 'fine-tune' | 'whole';

/** One line of `metrics.jsonl`. Times are milliseconds since the epoch, so that lanes can be laid side by side. */
export interface EpochMetrics {
  /** Member and part, as tasks are called in messages. */
  task: string;
  member: string;
  /** Of the split: `holdout`, `fold-1` …, `all`. */
  part: string;
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
  learningRate: number;
  /** This epoch's loss on `tune` is the lowest so far. */
  best: boolean;
  /** What compiling the stage's functions has cost so far; null where they run op by op. */
  compiled: CompiledMetrics | null;
}

export interface CompiledMetrics {
  /** Shapes of inputs that functions were traced for; one more each epoch would be a fault. */
  traceCount: number;
  /** Those that are kept. */
  cacheSize: number;
  /** Tracing and first calls, in which TensorFlow optimizes the graph. */
  firstCallsMs: number;
}

/** Called by a lane, over comlink; the run implements it. `task` is the task's name. */
export interface LaneObserver {
  onStage(task: string, stage: StageName | 'features' | 'predict' | 'done'): void;
  onBatch(
    task: string,
    progress: { stage: StageName | 'features'; epochIndex: number; stepIndex: number; stepCount: number },
  ): void;
  onEpoch(metrics: EpochMetrics): void;
  onWarning(task: string, message: string): void;
}
