/** Prepares a run without creating anything, so that a user's mistake is found before training and leaves no folder. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pixelBytes } from '@chorus/data';
import { setupRuntime } from '@chorus/runtime';
import type { ComputeSettings, StopFlag } from '@chorus/training';
import {
  requireTime,
  requireTimeToEnd,
  resumeBudget,
  type StartedBudget,
  startBudget,
} from '../budget/start-budget.ts';
import { warningsAboutAugmentation } from '../check/augmentation-warning.ts';
import { describeDataset } from '../check/describe-dataset.ts';
import { imbalanceNotice } from '../check/imbalance-notice.ts';
import { warningsAboutClasses } from '../check/warnings.ts';
import { readExcludeList } from '../experiment/exclude-list.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { type Experiment, type ExperimentInput, inputSizesOf, stepPixelsOf } from '../experiment/schema.ts';
import { usesBfloat16 } from '../lanes/bfloat16.ts';
import { chooseLanes } from '../lanes/choose-lanes.ts';
import { computeSettings } from '../lanes/compute-settings.ts';
import { chooseForwardEngine, type ForwardEngine } from '../lanes/forward-engine.ts';
import type { LanePlan } from '../lanes/plan.ts';
import { countClasses, expectedFacts, factsOf } from '../plan/dataset-facts.ts';
import { notesOnFeatureStacker } from '../plan/feature-stacker.ts';
import { estimateLaneBytes, sharedPixelBytes } from '../plan/lane-memory.ts';
import { requireRoomForMembers } from '../plan/model-bytes.ts';
import { planTraining, type TrainingPlan, taskNames } from '../plan/plan-training.ts';
import { requireCopies } from '../plan/require-copies.ts';
import { type Dataset, dataFolder, openDataset, requireDataFolder } from './dataset.ts';
import { freeDiskBytes, requireDisk, runBytes, runSizeOf } from './disk-space.ts';
import type { Downloads } from './downloads.ts';
import { imageEdits, requireAccepted, startedImages } from './edits.ts';
import { findInitialWeights } from './initial-weights.ts';
import type { RunObserver } from './observer.ts';
import { defaultRunFolder, type RunFolder, requireNewRunFolder } from './run-folder.ts';
import { phaseNames } from './run-report.ts';
import { Timeline } from './timeline.ts';

export interface Preparation {
  experiment: Experiment;
  /** Absolute path of the run folder. */
  path: string;
  lanes: LanePlan;
  /** Engine for forward passes on CPU lanes. */
  forward: ForwardEngine;
  /** One per lane. */
  compute: readonly ComputeSettings[];
  dataset: Dataset;
  plan: TrainingPlan;
  estimates: RunEstimates;
  timeline: Timeline;
  /** Undefined without a time budget. */
  timeBudget: StartedBudget | undefined;
}

/** Estimates of what a run needs of this machine. */
export interface RunEstimates {
  /** Peak memory of the images and the lanes, without GPU memory. */
  memoryBytes: number;
  /** Bytes that the run will write. */
  diskBytes: number;
}

export interface PreparationOptions {
  /** The run folder; by default `runs/<name>-<time>` in `base`. */
  out?: string;
  /** By default the working folder. */
  base?: string;
  /** The run to resume, which contains the experiment. */
  folder: RunFolder | undefined;
  /** What was edited in the experiment of the run to resume; see {@link experimentEdits}. */
  edits?: readonly string[];
  /** Whether to accept that the images were edited. */
  force?: boolean;
  /** Whether the run writes logs for TensorBoard. */
  tensorboard?: boolean;
  signal?: AbortSignal;
  stop: StopFlag;
}

/**
 * Finds lanes, initial weights and images, and plans the trainings.
 *
 * @throws ConfigError, DataError, RuntimeError, StorageError or ModelError for problems that the user can fix.
 */
export async function prepareRun(
  input: Partial<ExperimentInput>,
  { folder, signal, stop, edits = [], force = false, tensorboard = false, ...options }: PreparationOptions,
  observer: RunObserver,
): Promise<Preparation> {
  const startedAtMs = Date.now();
  const timeline = new Timeline(startedAtMs);
  const start = await folder?.readStart();
  const requested = start?.experiment ?? resolveExperiment(input);
  const path = folder?.path ?? newRunPath(requested, options);
  if (folder === undefined && requested.timeBudgetSeconds !== undefined) requireTimeToEnd(requested.timeBudgetSeconds);
  if (folder === undefined) await requireNewRunFolder(path);
  await requireDataFolder(requested.data.source);
  // Finds a mistyped list before anything is downloaded.
  if (requested.data.exclude !== undefined) await readExcludeList(requested.data.exclude);
  const { onDownload, onNotice } = observer;
  const downloads: Downloads = { onDownload, onNotice, ...(signal && { signal }) };
  const lanes = await chooseLanes({ ...requested, stepPixels: stepPixelsOf(requested) }, observer.onSetup);
  const { runtime } = requested;
  // Before downloads: bfloat16 may be refused.
  for (const { device } of lanes.lanes) usesBfloat16(runtime, device);
  const requestedWeights = await findInitialWeights(requested, process.env, downloads);
  const root = await dataFolder(requested.data.source, downloads);
  await setupRuntime(observer.onSetup);
  const forward = chooseForwardEngine(start?.forward ?? runtime.forward, lanes.lanes, onNotice);
  const compute = computeSettings(runtime, lanes.lanes, forward, { processorCount: availableParallelism() });
  const { timeBudget, experiment } = await prepareTimeBudget(requested, lanes, { startedAtMs, root, folder, signal });
  // Smaller images may need other weights.
  const weights =
    experiment === requested ? requestedWeights : await findInitialWeights(experiment, process.env, downloads);
  const planFor = (imageCount: number) =>
    planTraining(experiment, expectedFacts(experiment, { trainingCount: imageCount, testCount: 0 }), weights);
  observer.onStart({
    experiment,
    folder: path,
    devices: lanes.lanes.map((lane) => lane.device),
    lanesReason: lanes.reason,
    demo: isDemo(experiment),
    tasks: taskNames(planFor(0)),
  });
  timeline.end(phaseNames.prepare);
  const laneBytes = (imageCount: number) =>
    estimateLaneBytes(planFor(imageCount), lanes.lanes) + sharedPixelBytes(experiment, imageCount);
  const dataset = await openDataset(experiment, root, laneBytes, observer, signal);
  timeline.end(phaseNames.decode);
  if (folder !== undefined) await recordEdits(folder, dataset, edits, force);
  const facts = { ...factsOf(dataset.split), classes: countClasses(dataset.split, dataset) };
  const plan = planTraining(experiment, facts, weights);
  requireRoomForMembers(plan.members, dataset.classes.length, experiment);
  requireCopies(plan);
  if (timeBudget !== undefined && folder === undefined)
    requireTime(plan, timeBudget, experiment.minMembers, 'after reading the images');
  const writtenBytes = (await folder?.trainedBytes()) ?? 0;
  const size = { ...runSizeOf(dataset), laneCount: lanes.lanes.length, writesLogs: tensorboard, writtenBytes };
  const diskBytes = runBytes(plan, size);
  requireDisk(await freeDiskBytes(path), diskBytes, { resumed: folder?.path });
  const warnings = warningsAboutClasses(describeDataset(dataset, inputSizesOf(experiment).at(-1)!));
  const ofPlan = [
    ...warningsAboutAugmentation(experiment, plan),
    ...notesOnFeatureStacker(experiment.stackers.kinds, plan),
  ];
  for (const warning of [...warnings, ...ofPlan]) onNotice(`warning: ${warning}`);
  for (const notice of imbalanceNotice(plan.imbalance)) onNotice(notice);
  stop.check();
  const imageCount = dataset.images.length;
  const pixels =
    pixelBytes({ imageCount, imageSizes: inputSizesOf(experiment) }) + sharedPixelBytes(experiment, imageCount);
  const estimates = { memoryBytes: Math.ceil(pixels + estimateLaneBytes(plan, lanes.lanes)), diskBytes };
  return { experiment, path, lanes, forward, compute, dataset, plan, estimates, timeline, timeBudget };
}

/** Whether images are generated or weights random, so that the figures do not apply to photographs. */
export function isDemo({ data, weights }: Experiment): boolean {
  return data.source === 'shapes' || weights === 'random';
}

// --- internal ---

/** Starts or resumes the experiment's time budget, if it has one; the input sizes of a new run may become smaller. */
async function prepareTimeBudget(
  experiment: Experiment,
  lanes: LanePlan,
  {
    folder,
    ...request
  }: { startedAtMs: number; root: string; folder: RunFolder | undefined; signal: AbortSignal | undefined },
): Promise<{ timeBudget: StartedBudget | undefined; experiment: Experiment }> {
  const budgetSeconds = experiment.timeBudgetSeconds;
  if (budgetSeconds === undefined) return { timeBudget: undefined, experiment };
  if (folder !== undefined)
    return { timeBudget: await resumeBudget(experiment, lanes, { ...request, budgetSeconds, folder }), experiment };
  const { started, experiment: sized } = await startBudget(experiment, lanes, { ...request, budgetSeconds });
  return { timeBudget: started, experiment: started.record.reducedSizes.length === 0 ? experiment : sized };
}

/** Absolute path of a new run folder. */
function newRunPath(experiment: Experiment, { out, base }: Pick<PreparationOptions, 'out' | 'base'>): string {
  return resolve(out ?? defaultRunFolder(base ?? process.cwd(), experiment, new Date()));
}

/**
 * Records the images of a run and what was edited since it was started.
 *
 * @throws ConfigError when the images, or those that are excluded, differ from those that the run started with, unless `isAccepted`.
 */
async function recordEdits(
  folder: RunFolder,
  dataset: Dataset,
  ofExperiment: readonly string[],
  isAccepted: boolean,
): Promise<void> {
  const start = await folder.readStart();
  const { exclude } = start.experiment.data;
  const images = `images in ${dataset.root}${exclude === undefined ? '' : ` without those in ${exclude}`}`;
  const ofImages = imageEdits(start, dataset).map((text) => `${images}: ${text}`);
  requireAccepted(ofImages, { isAccepted, folder: folder.path });
  const edits = [...ofExperiment, ...ofImages];
  // The time of the file is that of the run's start.
  if (start.datasetFingerprint !== null && edits.length === 0) return;
  const accepted = [...(start.edits ?? []), ...edits];
  await folder.writeStart({ ...start, ...startedImages(dataset), ...(accepted.length > 0 && { edits: accepted }) });
}
