/** The messages between the studio and the child processes that work for it. */
import type { CheckReport } from '@chorus/orchestration';
import type { ExportedFiles, ExportRequest, HeatMap } from '../protocol/runs.ts';
import type { TrainingEvent } from '../protocol/training-events.ts';

/** The settings of an experiment, as the command line names them. */
export interface Settings {
  /** Absolute path of the images. */
  data: string;
  layout: string;
  preset: string;
  weights?: string | undefined;
  /** Such as `recipe.batchSize=16`. */
  assignments: string[];
  /** Folder that relative paths start from. */
  base: string;
}

export interface TrainRequest {
  /** The run folder. */
  folder: string;
  /** Undefined to resume the run in the folder. */
  settings: Settings | undefined;
}

/** Progress of decoding the images of a check. */
export interface CheckProgress {
  done: number;
  total: number;
}

/** An image to classify; its answer has the same id. */
export interface ImageRequest {
  id: number;
  path: string;
  explains: boolean;
}

export interface ImageAnswer {
  classes: readonly string[];
  predicted: string;
  ensemble: { probabilities: number[]; heatMap: HeatMap | null };
  members: { name: string; probabilities: number[]; heatMap: HeatMap | null }[];
}

/** What a child process can do: its request, what it reports on the way, and its result. */
export interface Jobs {
  train: { request: TrainRequest; event: TrainingEvent; result: { accuracy: number; failedMembers: string[] } };
  check: { request: Settings; event: CheckProgress; result: CheckReport };
  /** Writes `report.html` of a run. */
  report: { request: { folder: string }; event: never; result: null };
  /** Writes a page that compares runs. */
  compare: { request: { folders: string[]; out: string }; event: never; result: null };
  export: { request: ExportRequest & { bundle: string }; event: never; result: ExportedFiles };
  /** Classifies images until it is stopped. */
  classify: {
    request: { bundle: string };
    event: { id: number; answer: ImageAnswer } | { id: number; failure: Failure };
    result: null;
  };
}

export type JobName = keyof Jobs;

/** Why a job, or the answer of an image, failed. */
export interface Failure {
  message: string;
  /** Of a bug, the stack; null for a mistake that the user can fix. */
  bug: string | null;
  isStopped: boolean;
  /** Whether the run can be resumed, if it has a folder. */
  canResume: boolean;
}

export type ToChild =
  | { [Name in JobName]: { kind: 'start'; name: Name; request: Jobs[Name]['request'] } }[JobName]
  | { kind: 'image'; image: ImageRequest }
  | { kind: 'stop' };

export type FromChild<Name extends JobName> =
  | { kind: 'event'; event: Jobs[Name]['event'] }
  | { kind: 'done'; result: Jobs[Name]['result'] }
  | { kind: 'failed'; failure: Failure };

/** What a job has in the child process. */
export interface JobContext<Name extends JobName> {
  /** Does not wait. */
  report(event: Jobs[Name]['event']): void;
  /** Aborted when the studio stops the job, or has ended. */
  signal: AbortSignal;
  /** Calls a listener with each image to classify, also with those that have arrived before. */
  onImage(listener: (image: ImageRequest) => void): void;
}
