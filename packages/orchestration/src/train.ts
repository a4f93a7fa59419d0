/** The story of one run: experiment → images → members on lanes → stackers → test → report and bundle. */
import { resolve } from 'node:path';
import { type ImageSplit, trainingImages } from '@chorus/data';
import { type SavedMember, type StackerKind, toProbabilities } from '@chorus/models';
import { prepareProcess, setupRuntime } from '@chorus/runtime';
import { publishFile } from '@chorus/storage';
import { writeBundle } from './bundle.ts';
import { describeDataset } from './check/describe-dataset.ts';
import { warningsAboutClasses } from './check/warnings.ts';
import { ConfigError, StoppedError, TooFewMembersError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { resolveExperiment } from './experiment/resolve.ts';
import { type Experiment, type ExperimentInput, inputSizesOf, stepPixelsOf } from './experiment/schema.ts';
import { taskNames } from './experiment/tasks.ts';
import { chooseLanes } from './lanes/choose-lanes.ts';
import { computeSettings } from './lanes/compute-settings.ts';
import { Lane } from './lanes/lane.ts';
import { estimateLaneBytes } from './lanes/memory.ts';
import type { LanePlan } from './lanes/plan.ts';
import type { InitialWeights, ReadRecords } from './lanes/protocol.ts';
import { Timeline } from './lanes/timeline.ts';
import { readMember } from './member/member-folder.ts';
import type { ComputeSettings } from './member/prepared-function.ts';
import { StopFlag } from './member/stop-flag.ts';
import type { TestOutputs } from './report/build.ts';
import { predictionsFile } from './report/predictions-file.ts';
import type { ImageCounts, Report } from './report/schema.ts';
import {
  type Dataset,
  dataFolder,
  decodingOf,
  isNamedSource,
  labelsOf,
  openDataset,
  requireDataFolder,
} from './run/dataset.ts';
import { freeDiskBytes, requireDisk, runBytes, runSizeOf } from './run/disk-space.ts';
import type { Downloads } from './run/downloads.ts';
import { findInitialWeights, weightSource } from './run/initial-weights.ts';
import { MetricsLog } from './run/metrics-log.ts';
import { observerFrom, type RunObserver } from './run/observer.ts';
import { type PredictingMember, predictMembers } from './run/predict-members.ts';
import { defaultRunFolder, openRunFolder, type RunFolder, requireNewRunFolder } from './run/run-folder.ts';
import { runImagesOf } from './run/run-images.ts';
import { phaseNames, type RunParts, reportWithEnsemble, reportWithoutEnsemble } from './run/run-report.ts';
import { predictInSlices, Slices } from './run/slices.ts';
import { predictsLater, type Training, trainMembers } from './run/train-members.ts';
import { fitAndChoose } from './stacking/choose.ts';
import { gatherOutOfFold, type OutOfFoldPredictions } from './stacking/out-of-fold.ts';
import { versions } from './versions.ts';

export interface TrainOptions {
  /** Where the run goes; by default `runs/<name>-<time>` below `base`. */
  out?: string;
  /** By default the working folder. */
  base?: string;
  /** A run folder to go on with; the experiment then comes from there. */
  resume?: string;
  /** Name of the preset that the experiment came from; goes into the report. */
  preset?: string;
  observer?: Partial<RunObserver>;
  /** Stops every lane at its next batch edge; the run then throws StoppedError and can be resumed. */
  signal?: AbortSignal;
}

export interface RunResult {
  report: Report;
  /** Absolute path of the run folder. */
  folder: string;
  /** 0, or 3 when a member failed and the rest went on. */
  exitCode: number;
}

/**
 * Trains an ensemble: every member on a lane of its own, then the stackers, then the report and the bundle.
 *
 * Call it in the main thread; it makes and closes its worker threads. Ignored when resuming: `experiment`.
 *
 * @throws ConfigError, DataError, RuntimeError, StorageError or ModelError for what the user can mend, before anything
 * is trained where that is possible; TooFewMembersError when fewer members than `minMembers` finished (the report is
 * written all the same); StoppedError after `signal`.
 */
export async function train(experiment: Partial<ExperimentInput>, options: TrainOptions = {}): Promise<RunResult> {
  const startedAtMs = Date.now();
  prepareProcess();
  const stop = new StopFlag();
  const onAbort = () => stop.raise();
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) stop.raise();
  let folder: RunFolder | undefined;
  try {
    folder = options.resume === undefined ? undefined : await openRunFolder(options.resume, 'resume');
    const whole = folder === undefined ? resolveExperiment(experiment) : (await folder.readStart()).experiment;
    const path = folder?.path ?? newRunPath(whole, options);
    if (folder === undefined) await requireNewRunFolder(path);
    await requireDataFolder(whole.data.source);
    const observer = observerFrom(options.observer);
    const { onDownload, onNotice } = observer;
    const downloads: Downloads = { onDownload, onNotice, ...(options.signal && { signal: options.signal }) };
    const plan = await chooseLanes({ ...whole, stepPixels: stepPixelsOf(whole) }, observer.onSetup);
    const compute = plan.lanes.map(({ device }) => computeSettings(whole.runtime, device));
    const weights = await findInitialWeights(whole, process.env, downloads);
    const root = await dataFolder(whole.data.source, downloads);
    await setupRuntime(observer.onSetup);
    const timeline = new Timeline(startedAtMs);
    observer.onStart({
      experiment: whole,
      folder: path,
      devices: plan.lanes.map((lane) => lane.device),
      lanesReason: plan.reason,
      demo: isDemo(whole),
      tasks: taskNames(whole),
    });
    const laneBytes = (imageCount: number) => estimateLaneBytes(whole, plan.lanes, imageCount);
    timeline.end(phaseNames.prepare);
    const dataset = await openDataset(whole, root, laneBytes, observer, options.signal);
    timeline.end(phaseNames.decode);
    if (folder !== undefined) await requireSameImages(folder, dataset);
    const writtenBytes = (await folder?.memberBytes()) ?? 0;
    requireDisk(await freeDiskBytes(path), runBytes(whole, { ...runSizeOf(dataset), writtenBytes }));
    for (const warning of warningsAboutClasses(describeDataset(dataset, inputSizesOf(whole).at(-1)!)))
      onNotice(`warning: ${warning}`);
    stop.check();
    // Whatever can be wrong was looked for. From here on there is a run, which can be resumed.
    folder ??= await startFolder(path, whole, dataset.fingerprint, options);
    return await runIn(folder, { plan, compute, weights, dataset, stop, timeline }, observer);
  } catch (error) {
    // Whatever broke off first, it did because it was told to.
    if (!stop.raised) throw error;
    throw new StoppedError(
      folder === undefined ? 'The run was stopped.' : `The run was stopped; go on with --resume ${folder.path}`,
    );
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    await folder?.release();
  }
}

// --- the parts of a run, in their order ---

/** What is known before a run has a folder. */
interface Preparation {
  plan: LanePlan;
  /** Of each lane. */
  compute: readonly ComputeSettings[];
  weights: readonly InitialWeights[];
  dataset: Dataset;
  stop: StopFlag;
  timeline: Timeline;
}

/** Absolute path of a run that is not resumed. */
function newRunPath(experiment: Experiment, { out, base }: TrainOptions): string {
  return resolve(out ?? defaultRunFolder(base ?? process.cwd(), experiment, new Date()));
}

async function startFolder(
  path: string,
  experiment: Experiment,
  datasetFingerprint: string,
  options: TrainOptions,
): Promise<RunFolder> {
  const folder = await openRunFolder(path, 'new');
  const source = experiment.data.source;
  try {
    await folder.writeStart({
      schemaVersion: 3,
      preset: options.preset ?? 'none',
      versions: versions(),
      datasetFingerprint,
      experiment: {
        ...experiment,
        // A resumed run may be started from anywhere.
        data: { ...experiment.data, source: isNamedSource(source) ? source : resolve(source) },
        weights: weightSource(experiment, process.env),
      },
    });
    return folder;
  } catch (error) {
    await folder.release();
    throw error;
  }
}

/** @throws ConfigError when a run's images are not those that it started with. */
async function requireSameImages(folder: RunFolder, dataset: Dataset): Promise<void> {
  const start = await folder.readStart();
  if (start.datasetFingerprint !== null && start.datasetFingerprint !== dataset.fingerprint)
    throw new ConfigError(
      `The images in ${dataset.root} are not those that the run in ${folder.path} started with; start a new run for them.`,
    );
  if (start.datasetFingerprint === null) await folder.writeStart({ ...start, datasetFingerprint: dataset.fingerprint });
}

/** Generated images or random weights: the figures say nothing about photographs. */
function isDemo({ data, weights }: Experiment): boolean {
  return data.source === 'shapes' || weights === 'random';
}

async function runIn(
  folder: RunFolder,
  { plan, compute, weights, dataset, stop, timeline }: Preparation,
  observer: RunObserver,
): Promise<RunResult> {
  const start = await folder.readStart();
  const { experiment } = start;
  const demo = isDemo(experiment);
  const counts = countImages(dataset.split);
  const reads = readRecords(dataset.images.length);
  observer.onDataset({ ...dataset, counts, reads });

  const metrics = new MetricsLog(folder.metrics, observer.onNotice);
  const heard: RunObserver = {
    ...observer,
    onEpoch(epoch) {
      metrics.append(epoch);
      observer.onEpoch(epoch);
    },
  };
  const lanes = plan.lanes.map(
    (runtime, lane) => new Lane({ runtime, compute: compute[lane]!, stop: stop.shared }, heard),
  );
  try {
    stop.check();
    const outcomes = await trainMembers({
      ...{ experiment, dataset, weights, lanes, folder, reads, stop },
      observer: heard,
    });
    timeline.end(phaseNames.members);

    const parts: RunParts = { start, dataset, counts, demo, weights, outcomes, lanes, timeline };
    const doneCount = outcomes.filter((outcome) => outcome.status === 'done').length;
    if (doneCount < experiment.minMembers) {
      await writeReport(folder, reportWithoutEnsemble(parts));
      throw new TooFewMembersError(
        `${doneCount} of ${outcomes.length} members finished, ${experiment.minMembers} are needed: ${outcomes
          .flatMap((outcome, index) =>
            outcome.status === 'failed' ? [`${experiment.members[index]!.name}: ${outcome.reason}`] : [],
          )
          .join('; ')}. The report is ${folder.report}.`,
      );
    }
    const report = await stackAndTest(parts, { folder, lanes, reads, stop }, observer);
    return {
      report,
      folder: folder.path,
      exitCode: doneCount < outcomes.length ? exitCodes.doneWithFailedMembers : exitCodes.done,
    };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    await metrics.close();
  }
}

async function stackAndTest(
  parts: RunParts,
  { folder, lanes, reads, stop }: { folder: RunFolder; lanes: readonly Lane[]; reads: ReadRecords; stop: StopFlag },
  observer: RunObserver,
): Promise<Report> {
  const { dataset, outcomes, start, timeline } = parts;
  const { experiment } = start;
  const { classes, images, split } = dataset;
  const done = outcomes.flatMap((outcome, index) =>
    outcome.status === 'done' ? [{ name: experiment.members[index]!.name, trainings: outcome.trainings }] : [],
  );
  const answers = done.map(({ trainings }) => outOfFoldPredictions(split, trainings));
  const { flaws, stackers, seed } = experiment;
  const choice = await fitAndChoose(
    answers.map(({ logits }) => logits),
    labelsOf(dataset, answers[0]!.indices),
    {
      kinds: stackers.kinds,
      dense: {
        ...stackers.dense,
        wholeBatchesOnly: flaws.wholeBatchesOnly,
        fromLogitsOnSigmoid: flaws.fromLogitsOnSigmoid ?? undefined,
      },
      ...{ classes, seed, stop },
      onProgress: observer.onStacking,
    },
  );
  timeline.end(phaseNames.stack);
  observer.onChoice(choice);

  // All is decided: from here on the test images are read.
  const members = await Promise.all(done.map((member) => loadMember(member, experiment.stacking)));
  const logits = await predictMembers(lanes, members, {
    ...{ pixels: dataset.pixels, indices: split.test, reads: reads.test },
    testTimeAugmentation: experiment.testTimeAugmentation,
  });
  const slices = new Slices(stop);
  const rows = { rowCount: split.test.length, classCount: classes.length };
  const memberOutputs = new Map<string, Float32Array>();
  for (const [index, { name }] of done.entries())
    memberOutputs.set(
      name,
      await predictInSlices([logits[index]!], rows, ([one]) => toProbabilities(one!, classes.length), slices),
    );
  const stackerOutputs = new Map<StackerKind, Float32Array>();
  for (const { kind, stacker } of choice.stackers)
    stackerOutputs.set(kind, await predictInSlices(logits, rows, (some) => stacker.predict(some), slices));
  const test: TestOutputs = {
    paths: Array.from(split.test, (index) => images[index]!.relativePath),
    labels: labelsOf(dataset, split.test),
    members: memberOutputs,
    stackers: stackerOutputs,
  };

  timeline.end(phaseNames.test);

  await writeBundle(
    folder.bundle,
    {
      name: experiment.name,
      classes,
      decoding: decodingOf(experiment),
      testTimeAugmentation: experiment.testTimeAugmentation,
      demo: parts.demo,
      chosen: choice.chosen,
    },
    members,
    new Map(choice.stackers.map(({ kind, stacker }) => [kind, stacker])),
    runImagesOf(split, dataset.sha256),
  );
  const columns = [...test.members, ...test.stackers].map(([name, probabilities]) => ({ name, probabilities }));
  await publishFile(folder.predictions, await predictionsFile(test.paths, test.labels, classes, columns, slices));
  const report = await reportWithEnsemble(
    parts,
    choice,
    done.map(({ name }) => name),
    test,
    slices,
  );
  await writeReport(folder, report);
  return report;
}

async function writeReport(folder: RunFolder, report: Report): Promise<void> {
  await publishFile(folder.report, `${JSON.stringify(report, null, 2)}\n`);
}

// --- small ---

/** A member with the models that answer for it, from the disk. */
async function loadMember(
  { name, trainings }: { name: string; trainings: Training[] },
  stacking: Experiment['stacking'],
): Promise<PredictingMember> {
  const models: SavedMember[] = [];
  for (const { folder, part } of trainings.filter((training) => predictsLater(training.part, stacking))) {
    const { manifest, weights } = await readMember(folder);
    if (weights === undefined) throw new Error(`${folder}: no weights of ${part}, which answers later on`);
    models.push({ manifest, weights });
  }
  return { name, models };
}

/** One member's answers on every image that some part held out. */
function outOfFoldPredictions(split: ImageSplit, trainings: readonly Training[]): OutOfFoldPredictions {
  const { outputCount } = trainings[0]!.manifest;
  const answers = trainings.map(({ part, outOfFoldLogits }) => ({
    part: split.parts.find(({ name }) => name === part)!,
    logits: outOfFoldLogits,
  }));
  return gatherOutOfFold(answers, outputCount);
}

function countImages(split: ImageSplit): ImageCounts {
  return {
    training: trainingImages(split).length,
    test: split.test.length,
    parts: split.parts.map(({ name, fit, tune, outOfFold }) => ({
      name,
      fit: fit.length,
      tune: tune.length,
      outOfFold: outOfFold.length,
    })),
  };
}

function readRecords(imageCount: number): ReadRecords {
  const map = () => new SharedArrayBuffer(imageCount);
  return { fit: map(), tune: map(), stack: map(), test: map() };
}
