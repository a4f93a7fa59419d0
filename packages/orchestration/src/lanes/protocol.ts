/** What crosses between the run and its lanes: plain data and shared memory, never tensors, models or functions. */
import type { PixelStoreHandle } from '@chorus/data';
import type { MemberManifest } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import type { MemberSpec, Recipe } from '../experiment/schema.ts';

/** Given to a lane's thread once, when it starts. */
export interface LaneStartup {
  runtime: RuntimeOptions;
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

/** Fine-tunes a member and publishes its folder. */
export interface TrainTask {
  kind: 'train';
  member: MemberSpec;
  recipe: Recipe;
  weights: InitialWeights;
  seed: number;
  inputSize: number;
  classes: string[];
  pixels: PixelStoreHandle;
  /** Int32 per image of the store: its class. */
  labels: SharedArrayBuffer;
  fit: Uint32Array;
  tune: Uint32Array;
  stack: Uint32Array;
  reads: Pick<ReadRecords, 'fit' | 'tune' | 'stack'>;
  /** Average the logits on `stack` with those of the mirror images. */
  mirror: boolean;
  /** Where the member is published, with its logits on `stack`. */
  folder: string;
}

/** Runs a finished member over images. */
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
  mirror: boolean;
  /** Float32[indices × outputs], filled by the task. */
  logits: SharedArrayBuffer;
}

export type LaneTask = TrainTask | PredictTask;

export type StageName = 'head' | 'fine-tune' | 'scratch';

/** One line of `metrics.jsonl`. Times are milliseconds since the epoch, so that lanes can be laid side by side. */
export interface EpochMetrics {
  member: string;
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
  /** This epoch's weights are the best so far and were kept. */
  best: boolean;
}

/** Called by a lane, over comlink; the run implements it. */
export interface LaneObserver {
  onStage(member: string, stage: StageName | 'features' | 'predict' | 'done'): void;
  onBatch(
    member: string,
    progress: { stage: StageName; epochIndex: number; stepIndex: number; stepCount: number },
  ): void;
  onEpoch(metrics: EpochMetrics): void;
  onWarning(member: string, message: string): void;
}
