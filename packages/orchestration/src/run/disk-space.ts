/** Estimates the disk space of a run and checks that it is free, before anything is trained. */
import { statfs } from 'node:fs/promises';
import { outputsPerImage } from '@chorus/models';
import { type MemberPlan, type StagePlan, viewsToPredict } from '@chorus/training';
import { advise, ConfigError } from '../errors.ts';
import { modelBytes } from '../plan/model-bytes.ts';
import { type PlannedMember, plannedModels, type TrainingPlan } from '../plan/plan-training.ts';
import { logBytes } from '../tensorboard/log-bytes.ts';
import type { Dataset } from './dataset.ts';
import { existingPlace } from './run-folder.ts';

/** What determines the size of a run's files, in addition to the experiment. */
export interface RunSize {
  classCount: number;
  /** Length of the longest relative path of an image, in bytes. */
  pathLength: number;
  /** Number of lanes, each of which keeps checkpoints of one training. */
  laneCount: number;
  /** Whether the run writes logs for TensorBoard. */
  writesLogs?: boolean;
  /** Bytes of members and checkpoints that were written before the run was resumed. */
  writtenBytes?: number;
}

/**
 * Estimates the bytes that a run needs at a time: members, bundle, checkpoints of the running trainings, predictions, label issues,
 * Grad-CAM maps, metrics, logs for TensorBoard and the report with its page, plus 10 %.
 *
 * The estimate is high, so that a started run does not fill the disk.
 */
export function runBytes(
  training: TrainingPlan,
  { classCount, pathLength, laneCount, writesLogs = false, writtenBytes = 0 }: RunSize,
): number {
  const { stackers, student, trainingCount, testCount } = training;
  const members = plannedModels(training);
  const outputs = outputsPerImage(classCount);
  // Each model is stored with the run's members and in the bundle.
  const weights = members.reduce((sum, { plan, trainings }) => {
    const keptCount = trainings.filter(({ keepsWeights }) => keepsWeights).length;
    return sum + 2 * keptCount * modelBytes(plan, outputs);
  }, 0);
  // The student trains after the members, whose checkpoints are removed by then.
  const checkpoints = Math.max(
    largestCheckpoints(training.members, outputs, laneCount),
    student === undefined ? 0 : largestCheckpoints([student], outputs, laneCount),
  );
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
  const contents = (trainingCount + testCount) * contentBytes;
  const maps = explainedCount * members.reduce((sum, { plan }) => sum + 2 * mapBytes(plan), 0);
  const binaries = weights + checkpoints + outOfFold;
  const logs = writesLogs ? logBytes(training, classCount) : 0;
  const tables = predictions + labelIssues + contents + metrics + report + maps;
  const all = 1.1 * (binaries + tables + logs + reportPageBytes + smallFilesBytes);
  return Math.max(0, Math.ceil(all) - writtenBytes);
}

/** The properties of a data set that determine a run's size. */
export function runSizeOf({ classes, images }: Dataset): Pick<RunSize, 'classCount' | 'pathLength'> {
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

/**
 * @param options `resumed`: the folder of the run, if it is resumed, and therefore has its place.
 * @throws ConfigError with both figures when there is too little disk space for a run.
 */
export function requireDisk(
  { place, freeBytes }: { place: string; freeBytes: number },
  neededBytes: number,
  { resumed }: { resumed?: string | undefined } = {},
): void {
  if (neededBytes <= freeBytes) return;
  const message = `Not enough disk space at ${place}: the run needs ${megabytes(neededBytes)}, ${megabytes(freeBytes)} are free.`;
  const data = resumed === undefined ? {} : { data: { folder: resumed } };
  throw advise(new ConfigError(message), { code: 'disk-space', ...data });
}

// --- internal ---

/** Out-of-fold predictions of an image: the mean of its views and, if the run chooses which to average, each of them. */
function rowsKept({ testTimeAugmentation }: MemberPlan): number {
  return testTimeAugmentation === 'auto' ? 1 + viewsToPredict(testTimeAugmentation).length : 1;
}

/** Of the trainings that can run at the same time, those with the largest checkpoints. */
function largestCheckpoints(members: readonly PlannedMember[], outputs: number, laneCount: number): number {
  return members
    .flatMap(({ plan, trainings }) => trainings.map(() => checkpointsBytes(plan, outputs)))
    .toSorted((a, b) => b - a)
    .slice(0, laneCount)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Two checkpoints of a training, and the next one while it is written. */
function checkpointsBytes(plan: MemberPlan, outputs: number): number {
  const head = modelBytes(plan, outputs) - modelBytes(plan, 0);
  const trained = plan.stages.map(({ trains }) => (trains === 'head' ? head : modelBytes(plan, outputs)));
  const copies = plan.stages.map((stage, index) => trained[index]! * stageCopies(stage));
  return 3 * (Math.max(...trained) + Math.max(...copies));
}

/** What a checkpoint keeps of a stage besides the weights: slots of the optimizer, averages, the best weights, and those of a soup. */
function stageCopies({ optimizer, stopping }: StagePlan): number {
  const slots = optimizer.kind === 'adam' ? 2 : 1;
  const averages = optimizer.emaMomentum === undefined ? 0 : 1;
  return slots + averages + 1 + (stopping.keeps === 'soup' ? stopping.mostEpochs : 0);
}

/** A map of Grad-CAM as text: backbones reduce images 32 times. */
function mapBytes({ backbone }: MemberPlan): number {
  return Math.ceil(backbone.inputSize / 32) ** 2 * mapCellBytes;
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
/** Entry of an image in `images.json`. */
const contentBytes = 20;
/** Most images whose maps the report shows: mistakes and suspected labels of the test set. */
const explainedCount = 40;
/** Length of a number with three decimals and a comma. */
const mapCellBytes = 6;
/** Most bytes of `report.html`. */
const reportPageBytes = 5e6;
/** Size of manifests, checksums and lists of skipped files. */
const smallFilesBytes = 4e6;

function megabytes(bytes: number): string {
  return bytes < 1e10 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
