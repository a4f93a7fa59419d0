/** Checks a run's images, weights and machine as `train` does before it creates anything. */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { availableMemoryBytes, checkMemory, pixelBytes, trainingImages } from '@chorus/data';
import { type OnSetupProgress, prepareProcess, setupRuntime } from '@chorus/runtime';
import { StoppedError } from '@chorus/training';
import { requireBudget } from '../budget/start-budget.ts';
import { adviceOf, ConfigError } from '../errors.ts';
import { classifyError, exitCodes, messageOf } from '../exit-codes.ts';
import type { PresetChoice } from '../experiment/presets/presets.ts';
import { type Experiment, inputSizesOf, modelsOf, stepPixelsOf } from '../experiment/schema.ts';
import { usesBfloat16 } from '../lanes/bfloat16.ts';
import { findGpus } from '../lanes/choose-lanes.ts';
import { chooseForwardEngine } from '../lanes/forward-engine.ts';
import { type LanePlan, type Machine, planLanes } from '../lanes/plan.ts';
import { estimateSeconds } from '../plan/estimate-time.ts';
import { expectedPlan } from '../plan/expected-plan.ts';
import { notesOnFeatureStacker } from '../plan/feature-stacker.ts';
import { type ImbalancePlan, planImbalance } from '../plan/imbalance.ts';
import { estimateLaneBytes } from '../plan/lane-memory.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { requireCopies } from '../plan/require-copies.ts';
import { timedMachine } from '../plan/timed-machine.ts';
import { type Dataset, dataFolder, openDataset, requireDataFolder } from '../run/dataset.ts';
import { freeDiskBytes, requireDisk, runBytes, runSizeOf } from '../run/disk-space.ts';
import type { Downloads } from '../run/downloads.ts';
import { type MatchedFiles, publishedFileOf, unusableWeights, weightSource } from '../run/initial-weights.ts';
import { publishedWeightsPath } from '../run/published-weights.ts';
import { defaultRunFolder, requireNewRunFolder } from '../run/run-folder.ts';
import { stopOn } from '../run/stop-on.ts';
import { warningsAboutAugmentation } from './augmentation-warning.ts';
import { describeDataset } from './describe-dataset.ts';
import { imbalanceNotice } from './imbalance-notice.ts';
import { type MachineSpeed, measureSpeed } from './measure-speed.ts';
import type { CheckReport, DatasetSection } from './schema.ts';
import { warningsAbout } from './warnings.ts';

/** A preset to compare the checked experiment with: its experiment, or the reason that it cannot run. */
export type PresetCandidate = { preset: string } & ({ experiment: Experiment } | { obstacle: string });

export interface CheckOptions {
  /** The run folder; by default `runs/<name>-<time>` below `base`. */
  out?: string;
  /** By default the working folder. */
  base?: string;
  /** The preset of the checked experiment; undefined if it has its own members. */
  preset?: Pick<PresetChoice, 'name' | 'reason'> | undefined;
  /** Other presets to estimate. */
  others?: readonly PresetCandidate[];
  /** Progress of the native runtime's setup, which runs once per user and version. */
  onSetup?: OnSetupProgress;
  environment?: { CHORUS_WEIGHTS?: string | undefined };
  downloads?: Downloads;
  onDecode?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Checks an experiment as `train` does before it creates anything, but reports all problems, and estimates the run's memory,
 * disk space and time. Does not download weights; downloads a named data set that is not in the cache.
 *
 * @throws StoppedError after `signal`; StorageError when a named data set cannot be downloaded.
 */
export async function checkRun(experiment: Experiment, options: CheckOptions = {}): Promise<CheckReport> {
  prepareProcess();
  const { environment = process.env, base = process.cwd(), signal } = options;
  const { stop, unlisten } = stopOn(signal);
  const problems: CheckReport['problems'] = [];
  const collect = (error: unknown) => {
    if (stop.raised) throw new StoppedError('The check was stopped.');
    const { exitCode, forUser } = classifyError(error);
    if (!forUser) throw error;
    problems.push({
      kind: exitCode === exitCodes.badData ? 'data' : 'configuration',
      message: messageOf(error),
      advice: adviceOf(error) ?? null,
    });
    return undefined;
  };
  const attempt = <T>(look: () => T): T | undefined => {
    try {
      return look();
    } catch (error) {
      return collect(error);
    }
  };
  try {
    const path = options.out ?? defaultRunFolder(base, experiment, new Date());
    await requireNewRunFolder(path).catch(collect);
    const machine = await findGpus(options.onSetup).then(
      (gpus) => ({ processorCount: availableParallelism(), gpus }),
      collect,
    );
    const plan = machine && attempt(() => planOf(experiment, machine));
    if (plan !== undefined) await requireForwardEngine(experiment, plan, options.onSetup).catch(collect);
    const matched: MatchedFiles = new Map();
    const weights = await lookForWeights(experiment, environment, matched).catch(collect);
    const startedAtMs = Date.now();
    const dataset = await findImages(experiment, plan, options, collect).catch(collect);
    const decodeSeconds = dataset === undefined ? null : (Date.now() - startedAtMs) / 1000;
    const disk = await freeDiskBytes(path);
    const needs = dataset && needsOf(experiment, plan, dataset, environment);
    if (needs !== undefined) attempt(() => requireDisk(disk, needs.diskBytes));
    if (needs !== undefined) attempt(() => requireCopies(needs.trainingPlan));
    // The estimate takes seconds; skip it if the run cannot start.
    const isReady = problems.length === 0 && plan !== undefined;
    const warnings: string[] = [];
    const trySteps = async (lanes: LanePlan) => {
      await setupRuntime(options.onSetup);
      return measureSpeed(lanes, signal);
    };
    const timedFromMs = Date.now();
    const speed = isReady
      ? await trySteps(plan).catch((error: Error) => {
          if (stop.raised) throw error;
          warnings.push(`trial training steps failed, so there is no time estimate: ${error.message}`);
          return undefined;
        })
      : undefined;
    const { timeBudgetSeconds: budgetSeconds } = experiment;
    const isTimed = speed !== undefined && plan !== undefined && needs !== undefined && decodeSeconds !== null;
    if (isTimed && budgetSeconds !== undefined) {
      const spentSeconds = decodeSeconds + (Date.now() - timedFromMs) / 1000;
      const timed = timedMachine(experiment, plan, speed);
      attempt(() => requireBudget(experiment, needs.trainingPlan, { machine: timed, budgetSeconds, spentSeconds }));
    }
    const section = dataset === undefined ? null : describeDataset(dataset, inputSizesOf(experiment).at(-1)!);
    return {
      schemaVersion: 1,
      exitCode: exitCodeOf(problems),
      problems,
      warnings: [
        ...warnings,
        ...(section === null ? [] : warningsAbout(section)),
        ...(budgetSeconds === undefined || isTimed
          ? []
          : ['whether the time budget is long enough could not be checked, because no training step was timed']),
        ...imbalanceNotice(section === null ? undefined : imbalanceOf(experiment, section)),
        ...(needs === undefined
          ? []
          : [
              ...warningsAboutAugmentation(experiment, needs.trainingPlan),
              ...notesOnFeatureStacker(experiment.stackers.kinds, needs.trainingPlan),
            ]),
      ],
      dataset: section,
      weights: weights ?? { source: weightSource(experiment, environment), toDownload: [] },
      lanes: plan?.lanes.map(({ device }) => device) ?? [],
      memory: { neededBytes: needs?.memoryBytes ?? null, availableBytes: availableMemoryBytes() },
      disk: { ...disk, neededBytes: needs?.diskBytes ?? null },
      decodeSeconds,
      presets: await Promise.all(
        [{ preset: options.preset?.name ?? 'experiment', experiment }, ...(options.others ?? [])].map(
          async (candidate, index) => ({
            ...(await takes(candidate, { dataset, decodeSeconds, speed, disk, machine, environment, matched })),
            ...{ chosen: index === 0, reason: index === 0 ? (options.preset?.reason ?? null) : null },
          }),
        ),
      ),
    };
  } finally {
    unlisten();
  }
}

// --- internal ---

function planOf(experiment: Experiment, machine: Machine): LanePlan {
  const plan = planLanes({ ...experiment, stepPixels: stepPixelsOf(experiment) }, machine);
  for (const { device } of plan.lanes) usesBfloat16(experiment.runtime, device);
  return plan;
}

/** @throws ConfigError when the experiment requests an engine for forward passes that does not run on this machine. */
async function requireForwardEngine(
  { runtime }: Experiment,
  { lanes }: LanePlan,
  onSetup: OnSetupProgress | undefined,
): Promise<void> {
  if (runtime.forward !== 'onnxruntime') return;
  // Only a missing setup is no obstacle.
  await setupRuntime(onSetup);
  chooseForwardEngine(runtime.forward, lanes);
}

async function findImages(
  experiment: Experiment,
  plan: LanePlan | undefined,
  { downloads, onDecode, signal, environment = process.env }: CheckOptions,
  onProblem: (problem: Error) => void,
): Promise<Dataset> {
  const { source } = experiment.data;
  await requireDataFolder(source);
  const root = await dataFolder(source, downloads);
  const laneBytes = (imageCount: number) =>
    plan === undefined ? 0 : laneBytesOf(experiment, plan, imageCount, environment);
  return openDataset(experiment, root, laneBytes, { onDecode: onDecode ?? (() => {}), onProblem }, signal);
}

async function lookForWeights(
  experiment: Experiment,
  environment: { CHORUS_WEIGHTS?: string | undefined },
  matched: MatchedFiles,
): Promise<CheckReport['weights']> {
  const source = weightSource(experiment, environment);
  const unusable = await unusableWeights(experiment, environment, matched);
  if (unusable !== undefined) throw new ConfigError(unusable);
  return { source, toDownload: source === 'imagenet' ? notInCache(experiment) : [] };
}

function notInCache(experiment: Experiment): string[] {
  const names = modelsOf(experiment).map((member) => publishedFileOf(member, experiment).file.name);
  return [...new Set(names)].filter((name) => !existsSync(publishedWeightsPath(name)));
}

/** Undefined if no split could be drawn. */
function imbalanceOf({ recipe }: Experiment, { classes }: DatasetSection): ImbalancePlan | undefined {
  const counts = classes.flatMap(({ name, training }) => (training ? [{ name, count: training }] : []));
  return counts.length === classes.length ? planImbalance(recipe.imbalance, counts) : undefined;
}

function exitCodeOf(problems: CheckReport['problems']): CheckReport['exitCode'] {
  if (problems.some(({ kind }) => kind === 'data')) return exitCodes.badData;
  return problems.length > 0 ? exitCodes.badConfig : exitCodes.done;
}

interface Environment {
  CHORUS_WEIGHTS?: string | undefined;
}

interface Needs {
  imageCount: number;
  trainingPlan: TrainingPlan;
  /** Null if no lanes could be planned. */
  memoryBytes: number | null;
  diskBytes: number;
}

/** An upper bound, as if all images were training images. */
function laneBytesOf(
  experiment: Experiment,
  { lanes }: LanePlan,
  imageCount: number,
  environment: Environment,
): number {
  return estimateLaneBytes(expectedPlan(experiment, environment, { trainingCount: imageCount, testCount: 0 }), lanes);
}

/** Peak memory of pixels and lanes, and disk space of the run folder. */
function needsOf(
  experiment: Experiment,
  plan: LanePlan | undefined,
  dataset: Dataset,
  environment: Environment,
): Needs {
  const kept = keptShares(dataset, experiment.data.limitPerClass);
  const total = (indices: Iterable<number>) => {
    let sum = 0;
    for (const index of indices) sum += kept[index]!;
    return Math.round(sum);
  };
  const imageCount = total(dataset.images.keys());
  const testCount = total(dataset.split.test);
  const trainingCount = Math.min(trainingImages(dataset.split).length, imageCount - testCount);
  const trainingPlan = expectedPlan(experiment, environment, { trainingCount, testCount });
  const pixels = pixelBytes({ imageCount, imageSizes: inputSizesOf(experiment) });
  return {
    imageCount,
    trainingPlan,
    memoryBytes: plan === undefined ? null : Math.ceil(pixels + laneBytesOf(experiment, plan, imageCount, environment)),
    diskBytes: runBytes(trainingPlan, { ...runSizeOf(dataset), laneCount: plan?.lanes.length ?? 1 }),
  };
}

/** For each image, the share of the images of its class and split folder that a limit keeps. */
function keptShares({ images }: Dataset, limitPerClass = Number.POSITIVE_INFINITY): number[] {
  const groupOf = ({ role, label }: Dataset['images'][number]) => `${role} ${label}`;
  const counts = new Map<string, number>();
  for (const image of images) counts.set(groupOf(image), (counts.get(groupOf(image)) ?? 0) + 1);
  return images.map((image) => Math.min(1, limitPerClass / counts.get(groupOf(image))!));
}

type PresetEstimate = Omit<CheckReport['presets'][number], 'chosen' | 'reason'>;

/** Estimates memory, disk space and time of one preset with the checked experiment's images. */
async function takes(
  candidate: PresetCandidate,
  known: {
    dataset: Dataset | undefined;
    decodeSeconds: number | null;
    speed: MachineSpeed | undefined;
    disk: { place: string; freeBytes: number };
    machine: Machine | undefined;
    environment: { CHORUS_WEIGHTS?: string | undefined };
    matched: MatchedFiles;
  },
): Promise<PresetEstimate> {
  const { preset } = candidate;
  const { dataset, decodeSeconds, speed, machine } = known;
  const none = { preset, memoryBytes: null, diskBytes: null, seconds: null };
  if ('obstacle' in candidate) return { ...none, obstacle: candidate.obstacle };
  const { experiment } = candidate;
  let found: Omit<PresetEstimate, 'obstacle'> = none;
  try {
    const unusable = await unusableWeights(experiment, known.environment, known.matched);
    if (machine === undefined || dataset === undefined) return { ...none, obstacle: unusable ?? null };
    const plan = planOf(experiment, machine);
    const { environment } = known;
    const { imageCount, memoryBytes, diskBytes, trainingPlan } = needsOf(experiment, plan, dataset, environment);
    found = { ...found, memoryBytes, diskBytes };
    if (speed !== undefined && decodeSeconds !== null) {
      const [least, most] = estimateSeconds(trainingPlan, timedMachine(experiment, plan, speed));
      const decoding = (decodeSeconds * imageCount) / dataset.images.length;
      found = { ...found, seconds: [least + decoding, most + decoding] };
    }
    if (unusable !== undefined) throw new ConfigError(unusable);
    const imageSizes = inputSizesOf(experiment);
    checkMemory({ imageCount, imageSizes, laneBytes: laneBytesOf(experiment, plan, imageCount, environment) });
    requireDisk(known.disk, diskBytes);
    requireCopies(trainingPlan);
    return { ...found, obstacle: null };
  } catch (error) {
    if (!classifyError(error).forUser) throw error;
    return { ...found, obstacle: messageOf(error) };
  }
}
