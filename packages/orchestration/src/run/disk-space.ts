/** Estimates the disk space of a run and checks that it is free, before anything is trained. */
import { statfs } from 'node:fs/promises';
import { outputsPerImage } from '@chorus/models';
import { type MemberPlan, viewsToPredict } from '@chorus/training';
import { advise, ConfigError } from '../errors.ts';
import { modelBytes } from '../plan/model-bytes.ts';
import { plannedModels, type TrainingPlan } from '../plan/plan-training.ts';
import type { Dataset } from './dataset.ts';
import { existingPlace } from './run-folder.ts';

/** What determines the size of a run's files, in addition to the experiment. */
export interface RunSize {
  classCount: number;
  /** Length of the longest relative path of an image, in bytes. */
  pathLength: number;
  /** Bytes of members that were written before the run was resumed. */
  writtenBytes?: number;
}

/**
 * Estimates the bytes that a run writes: members, bundle, predictions, label issues, metrics and report, plus 10 %.
 *
 * The estimate is high, so that a started run does not fill the disk.
 */
export function runBytes(training: TrainingPlan, { classCount, pathLength, writtenBytes = 0 }: RunSize): number {
  const { stackers, trainingCount, testCount } = training;
  const members = plannedModels(training);
  const outputs = outputsPerImage(classCount);
  // Each model is stored with the run's members and in the bundle.
  const weights = members.reduce((sum, { plan, trainings }) => {
    const keptCount = trainings.filter(({ keepsWeights }) => keepsWeights).length;
    return sum + 2 * keptCount * modelBytes(plan, outputs);
  }, 0);
  const outOfFold = members.reduce(
    (sum, { plan }) => sum + rowsKept(plan) * trainingCount * outputs * Float32Array.BYTES_PER_ELEMENT,
    0,
  );
  // With those of the calibrated ensemble.
  const columns = (members.length + stackers.kinds.length + 1) * classCount;
  const predictions = testCount * (pathLength + columns * csvCellBytes);
  const labelIssues = implausibleShare * (trainingCount + testCount) * (pathLength + issueCellsBytes);
  const epochs = members.reduce(
    (sum, { plan, trainings }) =>
      sum + trainings.length * plan.stages.reduce((all, stage) => all + stage.epochCount, 0),
    0,
  );
  const metrics = epochs * metricsLineBytes;
  const report = (members.length + stackers.kinds.length) * classCount ** 2 * reportCellBytes;
  const all = 1.1 * (weights + outOfFold + predictions + labelIssues + metrics + report + smallFilesBytes);
  return Math.max(0, Math.ceil(all) - writtenBytes);
}

/** The properties of a data set that determine a run's size. */
export function runSizeOf({ classes, images }: Dataset): RunSize {
  return {
    classCount: classes.length,
    pathLength: images.reduce((longest, { relativePath }) => Math.max(longest, Buffer.byteLength(relativePath)), 0),
  };
}

/** Bytes that this process can write on the disk of a folder, which may not exist yet. */
export async function freeDiskBytes(folder: string): Promise<{ place: string; freeBytes: number }> {
  const place = await existingPlace(folder);
  const { bavail, bsize } = await statfs(place);
  return { place, freeBytes: bavail * bsize };
}

/** @throws ConfigError with both figures when there is too little disk space for a run. */
export function requireDisk({ place, freeBytes }: { place: string; freeBytes: number }, neededBytes: number): void {
  if (neededBytes <= freeBytes) return;
  const message = `Not enough disk space at ${place}: the run needs ${megabytes(neededBytes)}, ${megabytes(freeBytes)} are free.`;
  throw advise(new ConfigError(message), { code: 'disk-space' });
}

// --- internal ---

/** Out-of-fold predictions of an image: the mean of its views and, if the run chooses which to average, each of them. */
function rowsKept({ testTimeAugmentation }: MemberPlan): number {
  return testTimeAugmentation === 'auto' ? 1 + viewsToPredict(testTimeAugmentation).length : 1;
}

/** Maximum length of a probability and a comma. */
const csvCellBytes = 22;
/** Largest share of implausible labels to expect. */
const implausibleShare = 0.5;
/** Set, two classes, two probabilities and a score. */
const issueCellsBytes = 100;
const metricsLineBytes = 500;
/** Length of a line with one number of a confusion matrix. */
const reportCellBytes = 24;
/** Size of manifests, checksums and lists of skipped files. */
const smallFilesBytes = 4e6;

function megabytes(bytes: number): string {
  return bytes < 1e10 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
