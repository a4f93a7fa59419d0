import type { KeyDifference, Report, RunState } from './from-orchestration.ts';
import type { TrainingState } from './training-state.ts';

export interface RunSummary {
  /** Name of its folder; identifies it in paths of requests. */
  id: string;
  preset: string;
  /** Milliseconds since the Unix epoch. */
  startedAtMs: number;
  /**
   * `running` includes runs that another process trains, which this studio cannot stop. `stopped` runs can be resumed; `failed`: too
   * few members finished, or it failed before its folder existed.
   */
  state: RunState;
  /** Whether this studio trains it now. */
  isOwn: boolean;
  /** Id of its data set in the studio; null if it is none of them. */
  dataSet: string | null;
  /** Share of the test images that the ensemble classifies correctly; null without an ensemble. */
  accuracy: number | null;
  /** Number of trained members in the folder. */
  memberCount: number;
  /** Disk space. */
  bytes: number;
}

/**
 * `POST /api/runs`: starts a training. Answers {@link RunStarted}, status 201; status 409 while another training runs. A running
 * check is stopped.
 */
export interface StartRun {
  dataSet: string;
  /** By default `auto`. */
  preset?: string | undefined;
  /** Wall time of the whole run; by default no limit. */
  timeBudgetSeconds?: number | undefined;
  /** Folder with initial weights, `imagenet`, `random` or `auto` (by default). */
  weights?: string | undefined;
  /** Of the run folder, in front of the time: letters, digits, `.`, `_`, `-`; by default that of the data set. */
  name?: string | undefined;
  /** Settings of the experiment, as `--set` takes them, such as `recipe.batchSize=16`. */
  settings?: string[] | undefined;
}

/** Also of `POST /api/runs/:run/resume`. */
export interface RunStarted {
  run: string;
}

/** `GET /api/runs/:run` */
export interface RunDetails extends RunSummary {
  /** Absolute path. */
  folder: string;
  training: TrainingState;
  /** Formats that are in the run folder. */
  exports: {
    ensemble: ExportFormat[];
    /** Of the student alone; null if the bundle has none. */
    student: ExportFormat[] | null;
  };
}

/**
 * `GET /api/runs/:run/events`: server-sent events. First `snapshot` with a {@link TrainingState}, then `message` with a
 * {@link TrainingEvent} each, to apply with `applyEvent`. After a snapshot whose `end` is not null or an event `end`, the stream ends;
 * close the EventSource, which would otherwise connect again. A run that another process trains has a snapshot only.
 */
export const snapshotEvent = 'snapshot';

/** `POST /api/runs/:run/stop` answers `{}`, status 202; the event `end` follows. */
export type StopAnswer = Record<string, never>;

/** `DELETE /api/runs/:run` removes the files that a run writes. */
export interface RemovedRun {
  /** Files that are not the run's and stay, relative to its folder. */
  kept: string[];
}

/** `GET /api/runs/:run/report`; `GET /api/runs/:run/report.html` is the page. */
export interface RunReport {
  report: Report;
  /** Id of the data set of its images, for thumbnails and changes; null if the studio does not have it. */
  dataSet: string | null;
}

/** `GET /api/runs/:run/label-issues`: images with implausible labels. */
export interface LabelIssues {
  dataSet: string | null;
  issues: LabelIssueImage[];
}

export interface LabelIssueImage {
  /** Whether the training or the test images contain it. */
  set: 'training' | 'test';
  /** Relative to the data set's root, as when the run read it. */
  path: string;
  label: string;
  suggested: string;
  probabilityOfLabel: number;
  probabilityOfSuggested: number;
  /** Plausibility of the label, from 0; the list begins with the least plausible. */
  score: number;
  /** Its place now; null if it no longer exists. */
  current: { path: string; class: string; excluded: boolean } | null;
}

/** `GET /api/compare?run=&run=`, of at least two finished runs; `GET /api/compare.html?run=&run=` is the page. */
export interface Comparison {
  runs: { id: string; report: Report }[];
  /** Settings in which the runs differ. */
  differences: KeyDifference[];
  /** Whether all runs have the same images and the same split. */
  sameImages: boolean;
}

/**
 * `POST /api/runs/:run/classify?explain=true`, with an image file as body: Content-Type `image/*` or `application/octet-stream`. The
 * first request loads the models, which takes seconds. Status 409 while a training runs.
 */
export interface ClassifiedImage {
  /** Classes of the run, in its order, which the probabilities follow. */
  classes: string[];
  predicted: string;
  ensemble: { probabilities: number[]; heatMap: HeatMap | null };
  members: { name: string; probabilities: number[]; heatMap: HeatMap | null }[];
}

/** Grad-CAM over the picture: where the evidence for the predicted class is. */
export interface HeatMap {
  /** A data URL of a WebP picture. */
  url: string;
  width: number;
  height: number;
}

/** Those of `chorus export`; `bundle-float16` and `bundle-int8` are bundles with smaller weights. */
export const exportFormats = ['keras', 'tfjs', 'onnx', 'bundle-float16', 'bundle-int8'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** `POST /api/runs/:run/export` answers {@link ExportedFiles}; status 422 if there is no student to export. */
export interface ExportRequest {
  format: ExportFormat;
  /** Exports the student alone; by default the ensemble. */
  student?: boolean | undefined;
}

export interface ExportedFiles {
  /** Absolute path, in the run folder. */
  folder: string;
  byteCount: number;
  /** Relative to the folder, with `/`. */
  files: string[];
}
