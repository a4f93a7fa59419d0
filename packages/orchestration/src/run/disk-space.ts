/** What a run writes, and whether its disk has room for that: asked before anything is trained. */
import { statfs } from 'node:fs/promises';
import { variantOf } from '@chorus/models';
import type { MemberPlan } from '@chorus/training';
import { advise, ConfigError } from '../errors.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import type { Dataset } from './dataset.ts';
import { existingPlace } from './run-folder.ts';

/** What a run's files depend on, beside its experiment. */
export interface RunSize {
  classCount: number;
  /** Of the longest relative path of an image. */
  pathLength: number;
  /** Bytes of members that an earlier part of the run has written. */
  writtenBytes?: number;
}

/**
 * Bytes that a run writes: members, bundle, predictions, metrics and report, and a tenth on top.
 *
 * An upper estimate, so that a run that starts does not fail for want of disk.
 */
export function runBytes(
  { members, stackers, trainingCount, testCount }: TrainingPlan,
  { classCount, pathLength, writtenBytes = 0 }: RunSize,
): number {
  const outputs = classCount === 2 ? 1 : classCount;
  // Each model once among the run's members and once in its bundle.
  const weights = members.reduce((sum, { plan, trainings }) => {
    const keptCount = trainings.filter(({ keepsWeights }) => keepsWeights).length;
    return sum + 2 * keptCount * modelBytes(plan, outputs);
  }, 0);
  const outOfFold = members.length * trainingCount * outputs * Float32Array.BYTES_PER_ELEMENT;
  const columns = (members.length + stackers.kinds.length) * classCount;
  const predictions = testCount * (pathLength + columns * csvCellBytes);
  const epochs = members.reduce(
    (sum, { plan, trainings }) =>
      sum + trainings.length * plan.stages.reduce((all, stage) => all + stage.epochCount, 0),
    0,
  );
  const metrics = epochs * metricsLineBytes;
  const report = (members.length + stackers.kinds.length) * classCount ** 2 * reportCellBytes;
  const all = 1.1 * (weights + outOfFold + predictions + metrics + report + smallFilesBytes);
  return Math.max(0, Math.ceil(all) - writtenBytes);
}

/** What the images of a run add to its size. */
export function runSizeOf({ classes, images }: Dataset): RunSize {
  return {
    classCount: classes.length,
    pathLength: images.reduce((longest, { relativePath }) => Math.max(longest, Buffer.byteLength(relativePath)), 0),
  };
}

/** Bytes that this process may still write where a folder is, or will be. */
export async function freeDiskBytes(folder: string): Promise<{ place: string; freeBytes: number }> {
  const place = await existingPlace(folder);
  const { bavail, bsize } = await statfs(place);
  return { place, freeBytes: bavail * bsize };
}

/** @throws ConfigError with both figures, when there is less than a run needs. */
export function requireDisk({ place, freeBytes }: { place: string; freeBytes: number }, neededBytes: number): void {
  if (neededBytes <= freeBytes) return;
  const message = `Expected ${megabytes(neededBytes)} of free disk at ${place} for the run, received ${megabytes(freeBytes)}.`;
  throw advise(new ConfigError(message), { code: 'disk-space' });
}

// --- internal ---

/** A probability with all its digits, and a comma. */
const csvCellBytes = 22;
const metricsLineBytes = 500;
/** A number of a confusion matrix on a line of its own. */
const reportCellBytes = 24;
/** Manifests, checksums, lists of skipped files. */
const smallFilesBytes = 4e6;

/** A backbone and its head. */
function modelBytes({ backbone }: MemberPlan, outputs: number): number {
  const { parameterCount, featureWidth } = variantOf(backbone);
  return (parameterCount + (featureWidth + 1) * outputs) * Float32Array.BYTES_PER_ELEMENT;
}

function megabytes(bytes: number): string {
  return bytes < 1e10 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
