/** Messages between the main thread and a lane: plain data and shared memory, never tensors, models or functions. */
import type { MessagePort } from 'node:worker_threads';
import type { Fold, PixelStoreHandle } from '@chorus/data';
import type { MemberManifest, TestTimeAugmentation } from '@chorus/models';
import type { RuntimeOptions } from '@chorus/runtime';
import type { DrawnCopies } from './cached-copies.ts';
import type { TrainedMember } from './member-folder.ts';
import type { MemberPlan, PlannedViews } from './plan.ts';
import type { ComputeSettings } from './prepared-function.ts';
import type { StageName } from './stage-name.ts';
import type { WeightHistogram } from './weight-histogram.ts';

/** Passed to a lane when it starts. */
export interface LaneStartup {
  runtime: RuntimeOptions;
  compute: ComputeSettings;
  /** Int32[1]; any value other than 0 makes every lane stop before its next batch. */
  stop: SharedArrayBuffer;
  /** Where it counts its progress: see `sharedProgress`. */
  progress: SharedArrayBuffer;
}

/** The inputs that all tasks for training a member share. */
export interface MemberTask {
  /** Name of the task, for messages: the member's name, followed by the fold's if there are several. */
  name: string;
  member: MemberPlan;
  classes: string[];
  /** Seed of random weights, the order of images and their augmentation. */
  seed: number;
  /** The images at the member's input size. */
  pixels: PixelStoreHandle;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
}

/** Computes the pooled features of a frozen, pre-trained backbone for some of the images that the folds of a member share. */
export interface FeaturesTask extends MemberTask {
  kind: 'features';
  features: SharedFeatures;
  /** The images to compute rows for: a range of `features.indices`. */
  range: ImageRange;
}

/** Positions of consecutive images, the end excluded. */
export interface ImageRange {
  start: number;
  end: number;
}

/** Pooled features in shared memory. */
export interface SharedFeatures {
  /** The images that have rows. */
  indices: Uint32Array;
  /** 2 if each image's row is followed by that of its mirror image; more with `crops`. */
  rowsPerImage: number;
  /** Whose views each image has rows of, if some are crops. Omitted: none is. */
  crops?: PlannedViews | undefined;
  /** Augmented copies that have rows too. Omitted: none. */
  cachedCopies?: DrawnCopies | undefined;
  /**
   * Float32[rows × width], width being the backbone's number of features: `rowsPerImage` rows of each image, then the rows of all
   * images' first copy, and so on.
   */
  rows: SharedArrayBuffer;
}

/** What a student learns from, in addition to the labels. */
export interface Teacher {
  /** Float32[images of the store × classes]: probabilities at the temperature of the student's stages; rows of other images are zero. */
  probabilities: SharedArrayBuffer;
  /** SHA-256 of the probabilities. */
  sha256: string;
}

/** Trains a member on one fold and publishes its folder. */
export interface TrainTask extends MemberTask {
  kind: 'train';
  fold: Fold;
  /** Int32 per image of the store: its class. */
  labels: SharedArrayBuffer;
  /** Fingerprint of the images and their split. */
  dataset?: string | undefined;
  fit: Uint32Array;
  tune: Uint32Array;
  outOfFold: Uint32Array;
  /** Features of all training images, if a {@link FeaturesTask} has computed them. */
  features?: SharedFeatures | undefined;
  /** For stages with distillation. */
  teacher?: Teacher | undefined;
  /** Path to publish the member at. */
  folder: string;
  /** Whether to publish the weights too, because the model is used for later predictions. */
  keepsWeights: boolean;
  /** When the training has to end; by default, it ends as planned. */
  limit?: TrainingLimit | undefined;
  /** Where the training is saved, so that it can be continued after a stop or a crash; by default, it is not. */
  checkpoints?: CheckpointSettings | undefined;
  /** How many times the number of images that a training step processes at once is halved, because memory has run out. */
  halvings?: number | undefined;
  /** Whether each epoch is reported with {@link EpochDetails}. */
  reportsDetails?: boolean | undefined;
}

/** When and where a training is saved. */
export interface CheckpointSettings {
  /** Path of a folder for the checkpoints of this training only. */
  folder: string;
  /** Time between two checkpoints; longer if they would take more than 2 % of the time. */
  intervalSeconds: number;
}

/** When a training has to end with the best weights so far. The first epoch of its first stage runs to its end in any case. */
export interface TrainingLimit {
  /** Milliseconds since the Unix epoch. */
  deadlineAtMs: number;
  /** Estimated time in seconds of each stage before its first epoch; a later stage starts only if it gets that far. */
  stageStartSeconds: readonly number[];
}

/** Runs a trained model over images. */
interface ModelTask {
  name: string;
  manifest: MemberManifest;
  /** In shared memory, so that sending the task does not copy them. */
  weights: Uint8Array;
  pixels: PixelStoreHandle;
  indices: Uint32Array;
  /** Uint8 per image of the store, set when its pixels are read. */
  reads: SharedArrayBuffer;
}

/** Predicts images with a trained model. */
export interface PredictTask extends ModelTask {
  kind: 'predict';
  /** The views of each image, whose logits are averaged. */
  testTimeAugmentation: TestTimeAugmentation;
  /** Whether the pooled features follow the logits of each image. */
  withFeatures: boolean;
  /** Total number of images in all tasks with this model. */
  imageCount: number;
  /** Identifies the model: a thread builds it once for consecutive tasks. */
  model: string;
  /** Whether the thread keeps the model until it is released, even if other models are used in between. */
  keepsModel: boolean;
}

/** Computes where a trained model finds evidence for scores of images, by Grad-CAM. */
export interface ExplainTask extends ModelTask {
  kind: 'explain';
  /** Number of scores of each image. */
  scoreCount: number;
  /** [images × scores × (outputs + features)]: derivative of each score with respect to the image's logits and pooled features. */
  derivatives: Float32Array;
}

/** Evidence maps of images: [images × scores × height × width]. */
export interface EvidenceMaps {
  height: number;
  width: number;
  values: Float32Array;
}

/** Disposes the models that the thread keeps. */
export interface ReleaseTask {
  kind: 'release';
}

export type LaneTask = FeaturesTask | TrainTask | PredictTask | ExplainTask;

/** A trained member without its weights, which are in the member's folder. */
export interface TrainingResult extends Omit<TrainedMember, 'weights'> {
  /** Only for a member whose folder cannot be written: the whole member, and the reason. */
  unpublished?: { member: TrainedMember; reason: string };
}

/** The result of each kind of task. */
export interface LaneResults {
  /** The rows are in the task's shared memory. */
  features: null;
  train: TrainingResult;
  /** [indices, outputs], or [indices, outputs + features] */
  predict: Float32Array;
  explain: EvidenceMaps;
}

export type LaneResult<Task extends LaneTask> = LaneResults[Task['kind']];

/** One line of `metrics.jsonl`. Times are in milliseconds since the Unix epoch, by the same clock on every lane. */
export interface EpochMetrics {
  /** Name of the task. */
  task: string;
  member: string;
  fold: Fold;
  device: string;
  stage: StageName;
  epochIndex: number;
  startedAtMs: number;
  /** End of the last training step. */
  trainedUntilMs: number;
  finishedAtMs: number;
  stepCount: number;
  /** Mean over the epoch's images, in training mode. */
  loss: number;
  tuneLoss: number;
  tuneAccuracy: number;
  /** Learning rate of the last step. */
  learningRate: number;
  /** Whether this epoch's loss on `tune` is the lowest so far. */
  best: boolean;
  /** Factor of the planned learning rates after a retry; omitted: 1. */
  rateFactor?: number;
  /** Cost so far of compiling the stage's functions; null if they run op by op. */
  compiled: CompiledMetrics | null;
}

export interface CompiledMetrics {
  /** Number of traces, one per function and input shape; an increase in every epoch would be a bug. */
  traceCount: number;
  /** Number of compiled functions in the cache. */
  cacheSize: number;
  /** Time of tracing and first calls, in which TensorFlow optimizes the graph. */
  firstCallsMs: number;
}

/** What is reported of an epoch in addition to its metrics, on request. */
export interface EpochDetails {
  /** Of the weights that the stage trains, as they are evaluated. */
  weights: WeightHistogram[];
  /**
   * Numbers of tuning images: rows are true classes, columns predicted classes. Null for more classes than
   * {@link mostConfusionClasses}.
   */
  confusion: number[][] | null;
  /** Only in the first epoch of a stage that augments. */
  augmented?: AugmentedImages;
}

/** Most classes of a confusion matrix that is reported for each epoch: a larger one cannot be read as a picture. */
export const mostConfusionClasses = 100;

/** Training images as they are, and augmented in the way of several epochs. */
export interface AugmentedImages {
  /** Side of the images in pixels. */
  size: number;
  rowCount: number;
  /** RGB bytes per column, [rows, size, size, 3]: the images as they are, then augmented for each epoch. */
  columns: Uint8Array[];
}

export type BatchProgress = { epochIndex: number; stepIndex: number; stepCount: number } & (
  | { stage: 'features' }
  /** `loss`: mean over the batch's images before the step, in training mode. */
  | { stage: StageName; loss: number; learningRate: number }
);

/** Where a training continues. */
export interface TrainingPlace {
  /** `predict` when all stages have ended. */
  stage: StageName | 'predict';
  /** The next step; omitted if none is left. Indices start at 0. */
  next?: { epochIndex: number; stepIndex: number };
  /** Numbers of whole epochs and of steps so far, in all stages. */
  done: { epochCount: number; stepCount: number };
}

/** Implemented in the main thread and called by lanes through comlink. `task` is the task's name. */
export interface LaneObserver {
  onStage(task: string, stage: StageName | 'features' | 'predict' | 'done'): void;
  onBatch(task: string, progress: BatchProgress): void;
  /** @param details only if the task asks for them. */
  onEpoch(metrics: EpochMetrics, details?: EpochDetails): void;
  onWarning(task: string, message: string): void;
  /** A training continues from a checkpoint, or from earlier weights in a retry. */
  onContinue(task: string, place: TrainingPlace): void;
}

/** The argument of a lane's thread. */
export interface LaneRequest {
  task: LaneTask | ReleaseTask;
  /** Port for calls to the {@link LaneObserver}. */
  observer: MessagePort;
  /** Float64[1]; the thread writes the start of the task, in milliseconds since the Unix epoch. */
  startedAtMs: SharedArrayBuffer;
}
