/** One run: experiment → images → plan → members on lanes → stackers → test → report and bundle. */
import { prepareProcess } from '@chorus/runtime';
import { makeFolder, publishFile, UnwritableError } from '@chorus/storage';
import { type StopFlag, StoppedError } from '@chorus/training';
import { BudgetFile } from './budget/budget-file.ts';
import { planBudgetedRun } from './budget/plan-budgeted-run.ts';
import { reportTimeBudget } from './budget/report-time-budget.ts';
import { advise, ConfigError, TooFewMembersError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { excessMegabytes } from './experiment/member-limits.ts';
import type { Experiment, ExperimentInput } from './experiment/schema.ts';
import { studentName } from './experiment/student.ts';
import { type LaneIncident, openIsolation } from './lanes/isolation.ts';
import { Lane } from './lanes/lane.ts';
import { tooSmall } from './plan/model-bytes.ts';
import type { TrainingPlan } from './plan/plan-training.ts';
import type { Report } from './report/schema.ts';
import { countImages } from './run/count-images.ts';
import { experimentEdits, requireAccepted, startedImages } from './run/edits.ts';
import { FeatureCache } from './run/feature-cache.ts';
import { finishedReport } from './run/finished-run.ts';
import { IncidentRecord } from './run/incident-record.ts';
import { MetricsLog } from './run/metrics-log.ts';
import { observerFrom, type RunObserver } from './run/observer.ts';
import { isDemo, type Preparation, prepareRun } from './run/preparation.ts';
import { openRunFolder, type RunFolder, requireResumable } from './run/run-folder.ts';
import { phaseNames, type RunParts, reportWithoutEnsemble } from './run/run-report.ts';
import { sizeOf, stackAndTest, type TrainedEnsembleMember, writeReport } from './run/stack-and-test.ts';
import { stopOn } from './run/stop-on.ts';
import { storedExperiment } from './run/stored-experiment.ts';
import { type MemberRun, trainMembers } from './run/train-members.ts';
import { describeIncident, mostRestarts } from './supervise/incident.ts';
import { precautionsAfter } from './supervise/precautions.ts';
import type { Supervision } from './supervise/supervised.ts';
import { TensorBoardLog } from './tensorboard/tensorboard-log.ts';
import { versions } from './versions.ts';

export interface TrainOptions {
  /** The run folder; by default `runs/<name>-<time>` in `base`. */
  out?: string;
  /** By default the working folder. */
  base?: string;
  /** A run folder to resume, which contains the experiment. A finished run is not changed. */
  resume?: string;
  /**
   * Whether to resume a run although its experiment or its images were edited since it was started. Finished trainings are kept if
   * only how they are trained has changed; the report lists the edits, and which training followed which plan.
   */
  force?: boolean;
  /** Name of the preset that the experiment came from, for the report. */
  preset?: string;
  observer?: Partial<RunObserver>;
  /**
   * Whether to write logs for TensorBoard to the folder `tensorboard` of the run folder, while it trains. By default, only a resumed
   * run that has such logs does.
   */
  tensorboard?: boolean;
  /** Stops every lane before its next batch; `train` then throws StoppedError, and the run can be resumed. */
  signal?: AbortSignal;
  /** The process that watches this one, and starts it again when it hangs or crashes. */
  supervision?: Supervision;
}

export interface RunResult {
  report: Report;
  /** Absolute path of the run folder. */
  folder: string;
  /** 0, or 3 if a member failed and the others finished. */
  exitCode: number;
  /** Whether the resumed run had already finished, so that nothing was done. */
  wasFinished: boolean;
}

/**
 * Trains an ensemble: the members concurrently on lanes, then the stackers. Then tests it and writes the report and the bundle.
 *
 * Call it in the main thread; it starts and ends its worker threads. `experiment` is ignored when a run is resumed.
 *
 * @throws ConfigError, DataError, RuntimeError, StorageError or ModelError for problems that the user can fix, if possible
 * before anything is trained; TooFewMembersError when fewer members than `minMembers` finished, or `maxMegabytes` leaves no
 * room for as many (the report is still written); StoppedError after `signal`.
 * @example
 * const { report } = await train({ data: { source: 'photos' }, members: [...] }, { out: 'runs/first' });
 */
export async function train(experiment: Partial<ExperimentInput>, options: TrainOptions = {}): Promise<RunResult> {
  prepareProcess();
  const { signal, resume, force = false } = options;
  const { stop, unlisten } = stopOn(signal);
  let folder: RunFolder | undefined;
  try {
    const observer = observerFrom(options.observer);
    folder = resume === undefined ? undefined : await openRunFolder(resume, 'resume', observer.onNotice);
    const edits = folder === undefined ? [] : await experimentEdits(folder, observer.onNotice);
    if (folder !== undefined) requireAccepted(edits, { isAccepted: force, folder: folder.path });
    const finished = edits.length > 0 ? undefined : folder && (await finishedReport(folder));
    if (folder !== undefined && finished !== undefined)
      return { report: finished, folder: folder.path, exitCode: exitCodes.done, wasFinished: true };
    if (folder !== undefined) await requireResumable(folder.path);
    const writesLogs = options.tensorboard ?? (await folder?.hasTensorBoard()) ?? false;
    const preparing = { ...options, folder, edits, tensorboard: writesLogs, stop };
    const preparation = await prepareRun(experiment, preparing, observer);
    // Nothing has been created yet. From here on, the run exists and can be resumed.
    folder ??= await startFolder(preparation, options, observer);
    // A run that stops before its first epoch has no logs yet; the folder is what a resumed run looks for. A failure is reported with
    // the first log.
    if (writesLogs) await makeFolder(folder.tensorboard).catch(() => undefined);
    return await runIn(folder, preparation, stop, { observer, writesLogs, supervision: options.supervision });
  } catch (error) {
    const canResume = <Kind extends Error>(ended: Kind) =>
      folder === undefined ? ended : advise(ended, { code: 'run-stopped', data: { folder: folder.path } });
    // After a stop request, any failure counts as the stop.
    if (stop.raised) throw canResume(new StoppedError('The run was stopped.'));
    throw error instanceof UnwritableError ? canResume(new ConfigError(error.message, [], { cause: error })) : error;
  } finally {
    unlisten();
    await folder?.release();
  }
}

// --- internal ---

async function startFolder(
  { path, experiment, dataset, forward }: Preparation,
  { preset = 'none' }: Pick<TrainOptions, 'preset'>,
  { onNotice }: RunObserver,
): Promise<RunFolder> {
  const folder = await openRunFolder(path, 'new', onNotice);
  try {
    await folder.writeStart({
      schemaVersion: 3,
      preset,
      versions: versions(),
      ...startedImages(dataset),
      forward,
      experiment: storedExperiment(experiment),
    });
    return folder;
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function runIn(
  folder: RunFolder,
  { lanes: lanePlan, compute, dataset, plan: wholePlan, estimates, timeline, timeBudget }: Preparation,
  stop: StopFlag,
  {
    observer,
    writesLogs,
    supervision,
  }: { observer: RunObserver; writesLogs: boolean; supervision: Supervision | undefined },
): Promise<RunResult> {
  const recent = supervision?.incidents.filter((one) => one.folder === folder.path) ?? [];
  const record = await IncidentRecord.open(folder.restarts, recent, observer.onNotice);
  const { incidents } = record;
  const start = await folder.readStart();
  const { experiment } = start;
  const writePlan = (plan: TrainingPlan) =>
    publishFile(folder.plan, `${JSON.stringify({ ...lanePlan, ...plan, estimates, experiment }, null, 2)}\n`);
  await writePlan(wholePlan);
  const budgetFile = timeBudget && new BudgetFile(folder.budget, timeBudget, observer.onNotice);
  const counts = countImages(dataset.split);
  observer.onDataset({ ...dataset, counts });
  const metrics = await MetricsLog.open(folder.metrics, observer.onNotice);
  const tensorboard = writesLogs
    ? new TensorBoardLog(folder.tensorboard, dataset.classes, observer.onNotice)
    : undefined;
  const logged: RunObserver = {
    ...observer,
    onBatch(task, progress) {
      tensorboard?.onBatch(task, progress);
      observer.onBatch(task, progress);
    },
    onContinue(task, place) {
      metrics.onContinue(task);
      tensorboard?.onContinue(task, place);
      observer.onContinue(task, place);
    },
    onMember(task, state) {
      if (state.state !== 'running') tensorboard?.endTraining(task);
      observer.onMember(task, state);
    },
    onEpoch(epoch, details) {
      metrics.append(epoch);
      tensorboard?.onEpoch(epoch, details);
      observer.onEpoch(epoch, details);
    },
  };
  const isolation = experiment.runtime.isolate
    ? await openIsolation({
        ...{ folder: folder.laneMemory, stop, watchdogSeconds: experiment.watchdogSeconds },
        onIncident(incident, retry) {
          record.add(incident);
          if (retry !== null) logged.onWarning(incident.lanes[0]!.task!, retryText(incident, retry));
        },
      })
    : undefined;
  const lanes = lanePlan.lanes.map(
    (runtime, lane) =>
      new Lane({ runtime, compute: compute[lane]!, stop: stop.shared }, logged, {
        onTask: supervision?.beat,
        isolation,
      }),
  );
  supervision?.watch(experiment.watchdogSeconds, () => lanes.map(({ activity }) => activity));
  const reads = new SharedArrayBuffer(dataset.images.length);
  try {
    stop.check();
    const featureCache = experiment.runtime.featureCache ? new FeatureCache() : undefined;
    const reporting = { observer: logged, reportsDetails: writesLogs };
    const checkpointSeconds = 60 * experiment.checkpointMinutes;
    const keepsOtherPlans = start.edits !== undefined;
    const precautions = precautionsAfter(recent, incidents);
    const shared = {
      ...{ lanes, folder, reads, stop, featureCache, checkpointSeconds, keepsOtherPlans, precautions },
      ...reporting,
    };
    const whole = { ...shared, plan: wholePlan, dataset };
    const budgeted = budgetFile && (await planBudgetedRun(whole, timeBudget!, budgetFile, experiment.minMembers));
    const { studentLimits, ...changes } = budgeted ?? {};
    const run: MemberRun = { ...whole, ...changes };
    if (run.plan !== wholePlan) await writePlan(run.plan);
    const members = (await trainMembers(run)).map((outcome, index) => {
      const planned = run.plan.members[index]!;
      return { name: planned.plan.name, planned, outcome };
    });
    timeline.end(phaseNames.members);
    // Members that were cut are only in the report's section on the time budget.
    const kept = members.flatMap(({ outcome, ...one }) => (outcome.status === 'cut' ? [] : [{ ...one, outcome }]));
    const plan = { ...run.plan, members: kept.map(({ planned }) => planned) };
    const outcomes = kept.map(({ outcome }) => outcome);
    const parts: Omit<RunParts, 'testImagesReadBeforeChoice'> = {
      ...{ start, dataset, counts, demo: isDemo(experiment), plan, outcomes, lanes, incidents, timeline },
      timeBudget:
        budgetFile &&
        ((student) =>
          reportTimeBudget(timeBudget!.timeLeft, budgetFile.record, [
            ...members,
            ...(student === undefined ? [] : [{ name: studentName, outcome: student }]),
          ])),
    };
    const done = kept.flatMap(({ name, outcome }) => (outcome.status === 'done' ? [{ ...outcome, name }] : []));
    const shortfall = shortfallOf(done, experiment);
    if (shortfall !== undefined) await failWithReport(folder, parts, shortfall);
    const stacking = { ...shared, studentLimits };
    const report = await stackAndTest(parts, done, stacking);
    tensorboard?.addTest(report, dataset);
    const isPartial = done.length < outcomes.length || report.student?.status === 'failed';
    const exitCode = isPartial ? exitCodes.doneWithFailedMembers : exitCodes.done;
    return { report, folder: folder.path, exitCode, wasFinished: false };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    isolation?.files.close();
    await record.close();
    await metrics.close();
    await tensorboard?.close();
    await budgetFile?.close();
  }
}

/** What follows the crash of an isolated lane. */
function retryText(incident: LaneIncident, retry: number): string {
  return `${describeIncident(incident)}; it is tried again from its checkpoint in a new process (${retry} of at most ${mostRestarts})`;
}

/** Why the members that finished are too few for an ensemble; undefined if they are not. */
function shortfallOf(done: readonly TrainedEnsembleMember[], { members, ...limits }: Experiment): string | undefined {
  const { minMembers } = limits;
  if (done.length < minMembers)
    return `${done.length} of ${members.length} members finished, but at least ${minMembers} are required`;
  const needed = excessMegabytes(
    done.map((member) => sizeOf(member).bytes),
    limits,
  );
  return needed === undefined ? undefined : tooSmall(needed, limits);
}

/** @throws TooFewMembersError with the failed members' reasons. */
async function failWithReport(
  folder: RunFolder,
  parts: Omit<RunParts, 'testImagesReadBeforeChoice'>,
  shortfall: string,
): Promise<never> {
  const report = reportWithoutEnsemble({ ...parts, testImagesReadBeforeChoice: 0 });
  const aboutReport = await writeReport(folder, report).then(
    () => `The report is ${folder.report}.`,
    (error: unknown) => {
      if (!(error instanceof UnwritableError)) throw error;
      return `There is no report: ${error.message}`;
    },
  );
  const { members } = parts.plan;
  const reasons = parts.outcomes.flatMap((outcome, index) =>
    outcome.status === 'failed' ? [`${members[index]!.plan.name}: ${outcome.reason.replace(/\.$/, '')}`] : [],
  );
  throw new TooFewMembersError(`${shortfall}: ${reasons.join('; ')}. ${aboutReport}`);
}
