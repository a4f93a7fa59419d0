/** The events of a training, as the page receives them. Times are in milliseconds since the Unix epoch. */
import type { EpochMetrics, ImageCounts, MemberState, StageName } from './from-orchestration.ts';

/** What a task is for: outputs of frozen layers that several trainings share, or one training. */
export type TaskKind = 'features' | 'training';

/** A task of a member, such as the training that leaves out one fold. */
export interface PlannedTask {
  /** Unique in the run, such as `wide/fold-1`. */
  name: string;
  member: string;
  kind: TaskKind;
}

/** What a task does at the moment; stages train, `features` and `predict` run a model forward. */
export type TaskActivity = StageName | 'features' | 'predict';

/** A loss, accuracy or rate is null if it is not a finite number. */
export interface Epoch extends Pick<EpochMetrics, 'stage' | 'epochIndex' | 'startedAtMs' | 'finishedAtMs' | 'best'> {
  loss: number | null;
  tuneLoss: number | null;
  tuneAccuracy: number | null;
  learningRate: number | null;
}

/** Counts from 0; a forward pass has no loss. */
export interface Batch {
  activity: TaskActivity;
  epochIndex: number;
  stepIndex: number;
  stepCount: number;
  loss: number | null;
}

export interface Progress {
  done: number;
  total: number;
}

/** The images of a run, once they are decoded. */
export interface TrainingData {
  name: string;
  classes: string[];
  counts: ImageCounts;
  /** Number of entries that are not used; the report lists them. */
  skippedCount: number;
  /** Number of pictures that occur more than once. */
  duplicateCount: number;
  notices: string[];
}

/** How a training ended. */
export type TrainingEnd =
  | {
      outcome: 'finished';
      /** Share of the test images that the ensemble classifies correctly. */
      accuracy: number;
      /** Members that failed, or were left out by the time budget, while the others finished. */
      failedMembers: string[];
    }
  /** It can be resumed, unless it stopped before the run folder existed. */
  | { outcome: 'stopped'; message: string; canResume: boolean }
  /** `bug`: the stack of an error that is not the user's mistake; null for a mistake. */
  | { outcome: 'failed'; message: string; bug: string | null; canResume: boolean };

export type TrainingEvent = { atMs: number } & (
  | { kind: 'preset'; name: string; reason: string }
  /** The lanes and tasks are planned; the images are read next. */
  | { kind: 'start'; devices: string[]; lanesReason: string; demo: boolean; tasks: PlannedTask[] }
  | { kind: 'setup'; step: string; state: 'begun' | 'running' | 'done' | 'failed' }
  /** `totalBytes` is null if unknown. */
  | { kind: 'download'; name: string; bytes: number; totalBytes: number | null }
  | ({ kind: 'decode' } & Progress)
  /** Images are compared to find duplicates. */
  | ({ kind: 'compare' } & Progress)
  | { kind: 'data'; data: TrainingData }
  | { kind: 'task'; task: string; state: MemberState }
  | { kind: 'activity'; task: string; activity: TaskActivity | null }
  | { kind: 'batch'; task: string; batch: Batch }
  | { kind: 'epoch'; task: string; epoch: Epoch }
  | ({ kind: 'stacking' } & Progress)
  /** The stacker is chosen; the test images are read next. */
  | { kind: 'choice'; stacker: string }
  | { kind: 'notice'; text: string }
  | { kind: 'warning'; task: string; text: string }
  /** A stop was requested; the training stops before its next batch. */
  | { kind: 'stopping' }
  | { kind: 'end'; end: TrainingEnd }
);
