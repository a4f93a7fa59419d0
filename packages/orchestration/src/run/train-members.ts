/** Trains every member on every fold, on any lane, unless an earlier part of the run already trained it. */
import { rm } from 'node:fs/promises';
import { inspect } from 'node:util';
import { type Fold, type FoldImages, trainingImages } from '@chorus/data';
import { memberCost } from '@chorus/models';
import { StorageError, UnwritableError, writing } from '@chorus/storage';
import {
  batchCountOf,
  type ImageRange,
  type MemberPlan,
  planDifference,
  readMember,
  type SharedFeatures,
  type StopFlag,
  type Teacher,
  type TrainedMember,
  type TrainedPlan,
  type TrainingResult,
  trainedPlanOf,
  writeMember,
} from '@chorus/training';
import type { TrainingDeadlines } from '../budget/training-deadlines.ts';
import { isUserMistake, messageOf } from '../exit-codes.ts';
import type { Lane, LaneWork } from '../lanes/lane.ts';
import { runOnLanes, type Scheduled } from '../lanes/schedule.ts';
import { atLeastShards, shardsOf } from '../lanes/shards.ts';
import { featureBytes } from '../plan/feature-bytes.ts';
import { featuresObstacle } from '../plan/feature-stacker.ts';
import type { PlannedMember, PlannedTraining, TrainingPlan } from '../plan/plan-training.ts';
import type { Precautions } from '../supervise/precautions.ts';
import type { Dataset } from './dataset.ts';
import { type FeatureCache, featureKey } from './feature-cache.ts';
import { LatePublishing } from './late-publishing.ts';
import type { MemberState, RunObserver } from './observer.ts';
import type { RunFolder } from './run-folder.ts';

/** A member trained on one fold; its weights stay on disk until they are used for predictions. */
export interface Training extends Omit<TrainedMember, 'weights'> {
  fold: Fold;
  folder: string;
  /** Whether its model is used in the test and goes into the bundle. */
  keepsWeights: boolean;
  /** Whether an earlier part of the run trained it. */
  resumed: boolean;
  /** The first difference between the plan that it was trained by and the present one; omitted if there is none. */
  difference?: string | undefined;
}

export type MemberOutcome =
  | {
      status: 'done';
      trainings: Training[];
      seconds: number;
      /** Pooled features of all training images, if a stacker reads them. */
      features?: SharedFeatures | undefined;
    }
  /** The time was up before all of its trainings had started. */
  | { status: 'cut'; trainings: Training[]; seconds: number }
  | { status: 'failed'; reason: string; device: string | null; trainings: Training[]; seconds: number };

/** Of a model that is trained on every fold or has failed. */
export type FinishedOutcome = Exclude<MemberOutcome, { status: 'cut' }>;

/** The inputs for training the members. */
export interface MemberRun {
  plan: TrainingPlan;
  dataset: Dataset;
  lanes: readonly Lane[];
  folder: RunFolder;
  /** Uint8 per image, set when a lane reads it. */
  reads: SharedArrayBuffer;
  observer: RunObserver;
  stop: StopFlag;
  /** Where features are kept between runs; undefined to keep none. */
  featureCache?: FeatureCache | undefined;
  /** Time between two checkpoints of a training. */
  checkpointSeconds: number;
  /** Whether finished trainings are kept although the experiment was edited since; by default, they are trained again. */
  keepsOtherPlans?: boolean;
  /** What a student learns from. */
  teacher?: Teacher | undefined;
  /** Features that {@link prepareFeatures} has computed, by member. */
  features?: ReadonlyMap<string, SharedFeatures> | undefined;
  /** When trainings have to end, and the number of members that are trained even if their time is up. */
  limits?: { deadlines: TrainingDeadlines; minMembers: number } | undefined;
  /** Whether lanes report details of each epoch, for `onEpoch` of the observer. */
  reportsDetails?: boolean | undefined;
  /** After earlier processes of the run ended unexpectedly. */
  precautions?: Precautions | undefined;
}

/**
 * Computes the features that a member's trainings share, on all lanes, or reads those of an earlier run.
 *
 * @returns the features, and the measured lane-seconds of a forward pass; undefined for a member whose trainings share no features,
 * if they fail (training then fails for the same reason), and after a stop request.
 */
export async function prepareFeatures(
  run: MemberRun,
  planned: PlannedMember,
): Promise<{ shared: SharedFeatures; forwardSeconds: number } | undefined> {
  const { lanes, stop } = run;
  const record = newRecord(planned);
  await shareFeatures(run, record);
  const { features } = record;
  if (features === undefined) return undefined;
  // No other work fills the lanes meanwhile.
  const shards = missingTasks(run, record, 2 * lanes.length).filter(({ kind }) => kind === 'features');
  const work = scheduled(shards, run.precautions);
  for (const { task } of work) failWithoutRunning(run, task);
  const results = await runOnLanes(lanes, work, (lane, one) => runTask(run, lane, one));
  await features.kept;
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  if (record.failure !== undefined || stop.raised) return undefined;
  const { shared } = features;
  if (shards.length === 0) {
    const forwardSeconds = await timeForwardPasses(run, record, shared);
    return forwardSeconds === undefined ? undefined : { shared, forwardSeconds };
  }
  const done = lanes.flatMap((lane) => lane.work).filter(({ task }) => task === planned.featuresTask!.name);
  const rowsPerImage = shared.rowsPerImage + (shared.cachedCopies?.count ?? 0);
  return { shared, forwardSeconds: busySeconds(done) / (shared.indices.length * rowsPerImage) };
}

/**
 * Trains the missing members. One member's failure does not stop the others. A member is done when it is trained on every
 * fold; after a fold fails, its remaining folds are skipped.
 *
 * @returns an outcome per member, in the order of the plan.
 * @throws StoppedError after a stop request, since running trainings have no outcome.
 */
export async function trainMembers(run: MemberRun): Promise<MemberOutcome[]> {
  const { plan, lanes, stop } = run;
  const records = plan.members.map(newRecord);
  for (const record of records) await keepFinished(run, record);
  for (const record of records) await shareFeatures(run, record);
  const work = scheduled(
    records.flatMap((record) => missingTasks(run, record)),
    run.precautions,
  );
  for (const { task } of work) failWithoutRunning(run, task);
  const results = await runOnLanes(lanes, work, (lane, one) => {
    cutIfOver(run, records, one);
    return runTask(run, lane, one);
  });
  await Promise.all(records.map(({ features }) => features?.kept));
  // The weights are read from the members' folders from here on.
  await Promise.all(records.map(({ late }) => late.end()));
  // Failed trainings are recorded; any other failure is a bug.
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  stop.check();
  await run.folder.tidyCheckpoints();
  return records.map((record): MemberOutcome => {
    const { trainings, seconds, failure } = record;
    const inOrder = trainings.filter((training) => training !== undefined);
    if (failure !== undefined) return { status: 'failed', ...failure, trainings: inOrder, seconds };
    if (inOrder.length < trainings.length) return { status: 'cut', trainings: inOrder, seconds };
    const features = stacksFeatures(run, record) ? record.features?.shared : undefined;
    return { status: 'done', trainings: inOrder, seconds, ...(features && { features }) };
  });
}

// --- internal ---

/** Cost of the forward passes that are timed on each lane: a batch of Xception at 299 px, or about a second. */
const timedCost = 1e7;

function busySeconds(work: readonly LaneWork[]): number {
  return work.reduce((sum, { startedAtMs, finishedAtMs }) => sum + finishedAtMs - startedAtMs, 0) / 1000;
}

/**
 * Times forward passes on all lanes at once, whose rows are not used.
 *
 * @returns lane-seconds of a forward pass; undefined after a mistake of the user, for which training fails, too, and after a stop request.
 */
async function timeForwardPasses(
  run: MemberRun,
  { planned }: MemberRecord,
  { indices, rowsPerImage, crops, rows }: SharedFeatures,
): Promise<number | undefined> {
  const { lanes, stop } = run;
  const features = { indices, rowsPerImage, crops, rows: new SharedArrayBuffer(rows.byteLength) };
  const { plan } = planned;
  const { range } = shardsOf(indices.length, plan.backbone, rowsPerImage, { shardCost: timedCost })[0]!;
  const task = { kind: 'features' as const, ...planned.featuresTask!, ...memberParts(run, plan), features };
  try {
    // The first image builds the model.
    for (const end of [1, range.end])
      await Promise.all(lanes.map((lane) => lane.run({ ...task, range: { start: 0, end } })));
  } catch (error) {
    if (stop.raised || isUserMistake(error)) return undefined;
    throw error;
  }
  return busySeconds(lanes.map((lane) => lane.work.at(-1)!)) / (lanes.length * range.end * rowsPerImage);
}

/** The state of a member. */
interface MemberRecord {
  planned: PlannedMember;
  /** In the order of the planned trainings. */
  trainings: (Training | undefined)[];
  /** Features of all training images; undefined if its trainings share none, or none is missing. */
  features: FeaturesRecord | undefined;
  failure: { reason: string; device: string | null } | undefined;
  /** Whether its missing trainings are skipped, because the time is up. */
  isCut: boolean;
  /** Its trainings that could not be published by the lane. */
  late: LatePublishing;
  /** Time of all its tasks. */
  seconds: number;
}

interface FeaturesRecord {
  shared: SharedFeatures;
  /** Name in the cache; undefined if they are not kept there. */
  key: string | undefined;
  devices: Set<string>;
  /** Number of images whose rows are there. */
  doneImages: number;
  seconds: number;
  /** Settles once they are in the cache. */
  kept?: Promise<void> | undefined;
}

type Unpublished = NonNullable<TrainingResult['unpublished']>;

/** One task on a lane. */
type MemberWork = TrainingWork | FeaturesWork;

interface TrainingWork {
  kind: 'training';
  record: MemberRecord;
  name: string;
  cost: number;
  training: PlannedTraining;
  position: number;
}

/** A shard of the features that a member's trainings share. */
interface FeaturesWork {
  kind: 'features';
  record: MemberRecord;
  name: string;
  cost: number;
  features: FeaturesRecord;
  seed: number;
  range: ImageRange;
}

function newRecord(planned: PlannedMember): MemberRecord {
  return {
    planned,
    trainings: planned.trainings.map(() => undefined),
    features: undefined,
    failure: undefined,
    isCut: false,
    late: new LatePublishing(),
    seconds: 0,
  };
}

/** Whether a stacker reads the features that the member's folds share. */
function stacksFeatures({ plan }: MemberRun, { planned }: MemberRecord): boolean {
  return plan.stackers.kinds.includes('features') && featuresObstacle(planned.plan) === undefined;
}

/** @param shardCount smallest number of shards of its features, if it has as many batches. */
function missingTasks(run: MemberRun, record: MemberRecord, shardCount = 1): MemberWork[] {
  const { plan, trainings, featuresTask } = record.planned;
  const missing = trainings.flatMap((training, position) =>
    record.trainings[position] === undefined ? [{ training, position }] : [],
  );
  if (missing.length === 0 && !stacksFeatures(run, record)) return [];
  const costPerImage = memberCost(plan.backbone);
  const work = missing.map(({ training, position }): MemberWork => {
    const imageCount = run.dataset.split.folds[position]!.fit.length;
    // With shared features and a frozen backbone, only the head trains.
    const cost = plan.features?.predict ? imageCount : costPerImage * imageCount * passesOf(plan);
    return { kind: 'training', record, name: training.name, cost, training, position };
  });
  const { features } = record;
  if (features === undefined || featuresTask === null) return work;
  const { indices, rowsPerImage, cachedCopies } = features.shared;
  if (features.doneImages === indices.length) return work;
  const { backbone } = plan;
  const copies = cachedCopies?.count ?? 0;
  const shards = atLeastShards(shardCount, indices.length, backbone, rowsPerImage, copies);
  const shardWork = shards.map(({ range, cost }): MemberWork => {
    return { kind: 'features', record, ...featuresTask, cost, features, range };
  });
  return [...shardWork, ...work];
}

/** Allocates the features of a member that has missing trainings or whose features are stacked, and reads them if an earlier run has kept them. */
async function shareFeatures(run: MemberRun, record: MemberRecord): Promise<void> {
  const { dataset, lanes, observer, featureCache } = run;
  const { plan, featuresTask } = record.planned;
  const isComplete = record.trainings.every((training) => training !== undefined);
  if (isComplete && !stacksFeatures(run, record)) return;
  if (plan.features === null || featuresTask === null) return;
  const prepared = run.features?.get(plan.name);
  if (prepared !== undefined) {
    const doneImages = prepared.indices.length;
    record.features = { shared: prepared, key: undefined, devices: new Set(), doneImages, seconds: 0 };
    return;
  }
  const { rowsPerImage, crops, cachedCopies: planned } = plan.features;
  const cachedCopies = planned && { ...planned, seed: featuresTask.seed };
  const indices = trainingImages(dataset.split);
  const byteLength = featureBytes(plan.backbone, indices.length, rowsPerImage + (planned?.count ?? 0));
  const { sha256, decoding } = dataset;
  const decodedSizes = [...dataset.pixels.keys()];
  const features = { indices, rowsPerImage, crops, cachedCopies };
  const key = featureKey({ member: plan, features, sha256, decoding, decodedSizes, lanes });
  const kept = key === undefined ? undefined : await featureCache?.read(key, byteLength);
  record.features = {
    shared: { ...features, rows: kept ?? new SharedArrayBuffer(byteLength) },
    key,
    devices: new Set(),
    doneImages: kept === undefined ? 0 : indices.length,
    seconds: 0,
  };
  if (kept !== undefined) observer.onMember(featuresTask.name, { state: 'cached' });
}

/** The longest time that a training takes, in forward passes over its images; a training step takes about as long as four. */
function passesOf({ stages }: MemberPlan): number {
  return stages.reduce((sum, { trains, epochCount }) => sum + (trains === 'head' ? 0 : 4 * epochCount), 1);
}

/** Adds dependencies: a member's trainings start once all of its features are computed. */
function scheduled(all: readonly MemberWork[], precautions: Precautions | undefined): Scheduled<MemberWork>[] {
  const shardsOfMember = new Map<MemberRecord, number[]>();
  for (const [index, { kind, record }] of all.entries())
    if (kind === 'features') shardsOfMember.set(record, [...(shardsOfMember.get(record) ?? []), index]);
  return all.map((work) => {
    const { record, kind, cost, name } = work;
    return {
      task: work,
      cost,
      pinnedTo: record.planned.pinnedTo ?? undefined,
      alone: precautions?.alone.has(name),
      ...(kind === 'features' ? { group: name } : { after: shardsOfMember.get(record) }),
    };
  });
}

/**
 * Skips the missing trainings of a member whose turn it is when the time is up, as long as enough other members remain: an
 * ensemble needs members that are trained on every fold.
 */
function cutIfOver({ limits }: MemberRun, records: readonly MemberRecord[], { record }: MemberWork): void {
  if (limits === undefined || record.isCut || !limits.deadlines.isOver) return;
  const remaining = records.filter(({ isCut, failure }) => !isCut && failure === undefined);
  if (remaining.length > limits.minMembers) record.isCut = true;
}

/** Fails a task that has ended the process too often. */
function failWithoutRunning({ observer, precautions }: MemberRun, { name, record }: MemberWork): void {
  const reason = precautions?.failed.get(name);
  if (reason === undefined || record.failure !== undefined) return;
  record.failure = { reason: reasonOf(name, record.planned.plan, reason), device: null };
  observer.onMember(name, { state: 'failed', reason, bug: null });
}

async function runTask(run: MemberRun, lane: Lane, work: MemberWork): Promise<void> {
  const { observer, stop } = run;
  const { record, name, kind } = work;
  if (stop.raised) return;
  if (record.isCut) {
    if (kind === 'training') observer.onMember(name, { state: 'cut' });
    return;
  }
  // The member has already failed; skip the rest.
  if (record.failure !== undefined) {
    if (kind === 'training' && !run.precautions?.failed.has(name)) observer.onMember(name, { state: 'skipped' });
    return;
  }
  const startedAtMs = Date.now();
  try {
    if (kind === 'features') await computeFeatures(run, lane, work);
    else {
      observer.onMember(name, { state: 'running', device: lane.device });
      const { training, unpublished } = await train(run, lane, work);
      record.trainings[work.position] = training;
      const seconds = (Date.now() - startedAtMs) / 1000;
      const done = { state: 'done', device: lane.device, seconds } as const;
      if (unpublished === undefined) observer.onMember(name, done);
      else publishLater(run, work, { training, unpublished, done });
    }
  } catch (error) {
    fail(run, work, error, lane.device);
  } finally {
    record.seconds += (Date.now() - startedAtMs) / 1000;
  }
}

/** Keeps a trained member in memory until its folder can be written, while the lane goes on with other work. */
function publishLater(
  run: MemberRun,
  work: TrainingWork,
  {
    training,
    unpublished: { member, reason },
    done,
  }: { training: Training; unpublished: Unpublished; done: MemberState & { state: 'done' } },
): void {
  const { observer, stop } = run;
  const { record, name, position } = work;
  observer.onWarning(
    name,
    `It is trained, but not on the disk: ${reason} It stays in memory, and writing it is tried again until all trainings have ended.`,
  );
  const publish = () => writeMember(training.folder, member);
  record.late.add(publish, async (error) => {
    if (error !== undefined) {
      record.trainings[position] = undefined;
      if (stop.raised) observer.onWarning(name, unwrittenAtStop(error));
      else fail(run, work, error, done.device);
      return;
    }
    await removeCheckpoints(run, record.planned.plan, { name, fold: training.fold });
    observer.onMember(name, done);
  });
}

function unwrittenAtStop(error: unknown): string {
  return `It could not be written before the run stopped: ${oneLine(error)} A resumed run repeats what it has trained since its last checkpoint.`;
}

function fail({ observer, stop }: MemberRun, { record, name }: MemberWork, error: unknown, device: string): void {
  // After a stop request, any failure counts as the stop. A shard may fail after another one.
  if (stop.raised || record.failure !== undefined) return;
  record.failure = failureOf(error, name, record.planned.plan, device);
  observer.onMember(name, {
    state: 'failed',
    reason: oneLine(error),
    bug: isUserMistake(error) ? null : inspect(error),
  });
}

function failureOf(error: unknown, task: string, plan: MemberPlan, device: string) {
  return { reason: reasonOf(task, plan, oneLine(error)), device };
}

/** The reason of a member's failure, which names the fold, if there are several. */
function reasonOf(task: string, { name }: MemberPlan, reason: string): string {
  return task === name ? reason : `${task.slice(name.length + 1)}: ${reason}`;
}

/** The message on one line, since tables have one line per member. */
function oneLine(error: unknown): string {
  return messageOf(error).replaceAll(/\s*\n\s*/g, ' ');
}

/** Computes a shard of the features; together, the shards are reported as one task. */
async function computeFeatures(run: MemberRun, lane: Lane, work: FeaturesWork): Promise<void> {
  const { observer, featureCache } = run;
  const { record, name, seed, features, range } = work;
  const { shared, devices, key } = features;
  const startedAtMs = Date.now();
  if (!devices.has(lane.device)) {
    devices.add(lane.device);
    observer.onMember(name, { state: 'running', device: [...devices].join(' and ') });
  }
  await lane.run({ kind: 'features', name, ...memberParts(run, record.planned.plan), seed, features: shared, range });
  features.doneImages += range.end - range.start;
  features.seconds += (Date.now() - startedAtMs) / 1000;
  // Another shard has failed, and the task with it.
  if (record.failure !== undefined) return;
  const { indices, rowsPerImage } = shared;
  observer.onBatch(name, {
    ...{ stage: 'features', epochIndex: 0 },
    stepIndex: batchCountOf(features.doneImages, rowsPerImage) - 1,
    stepCount: batchCountOf(indices.length, rowsPerImage),
  });
  if (features.doneImages < indices.length) return;
  observer.onMember(name, { state: 'done', device: [...devices].join(' and '), seconds: features.seconds });
  if (key !== undefined)
    // The lane does not wait for the disk, and a full one must not end the run.
    features.kept = featureCache
      ?.write(key, shared.rows)
      .catch((error: unknown) => observer.onWarning(name, `Its features are not kept: ${messageOf(error)}`));
}

async function train(
  run: MemberRun,
  lane: Lane,
  { record, name, training, position }: TrainingWork,
): Promise<{ training: Training; unpublished?: Unpublished | undefined }> {
  const { plan } = record.planned;
  const { fold, seed, keepsWeights } = training;
  const { fit, tune, outOfFold }: FoldImages = run.dataset.split.folds[position]!;
  const folder = run.folder.member(plan.name, fold);
  const { unpublished, ...trained } = await lane.run({
    ...memberParts(run, plan),
    kind: 'train',
    name,
    seed,
    fold,
    labels: run.dataset.labels,
    dataset: run.dataset.fingerprint,
    ...{ fit, tune, outOfFold },
    features: record.features?.shared,
    teacher: run.teacher,
    ...{ folder, keepsWeights },
    checkpoints: { folder: run.folder.checkpoints(plan.name, fold), intervalSeconds: run.checkpointSeconds },
    limit: run.limits?.deadlines.start(name),
    halvings: run.precautions?.halvings.get(name),
    reportsDetails: run.reportsDetails,
  });
  return { training: { ...trained, fold, folder, keepsWeights, resumed: false }, unpublished };
}

/** The inputs that all tasks of a member share. */
function memberParts({ dataset, reads }: MemberRun, member: MemberPlan) {
  const { classes, pixels } = dataset;
  return { member, classes, reads, pixels: pixels.get(member.backbone.inputSize)! };
}

/**
 * Keeps trainings that an earlier part of the run finished, after checking all of their bytes, and that they started from the
 * same weights and followed the same plan. Damaged or different ones are trained again, with a warning.
 */
async function keepFinished(run: MemberRun, record: MemberRecord): Promise<void> {
  const { folder, observer, limits } = run;
  const { plan, trainings } = record.planned;
  for (const [position, { name, fold, keepsWeights }] of trainings.entries()) {
    if (!(await folder.hasMember(plan.name, fold))) continue;
    try {
      const path = folder.member(plan.name, fold);
      const { weights, ...trained } = await readMember(path);
      const initial = plan.weights;
      if (weights === undefined && keepsWeights) throw new StorageError(`${path} has no weights.`);
      if (trained.record.weights.sha256 !== (initial.kind === 'file' ? initial.sha256 : null))
        throw new StorageError(`${name} started from other weights (${trained.record.weights.source}).`);
      const now = trainedPlanOf(plan, { ...trainings[position]!, ...identityOf(run) });
      const difference = differenceOf(trained.record.plan, now);
      if (difference !== undefined && !(run.keepsOtherPlans && isInterchangeable(trained.record.plan, now)))
        throw new StorageError(`${name} was trained by another plan: ${difference}.`);
      record.trainings[position] = { ...trained, fold, folder: path, keepsWeights, resumed: true, difference };
      record.seconds += trained.record.seconds;
      limits?.deadlines.skip(name);
      // A run that is killed right after it published a training still has its checkpoints.
      await removeCheckpoints(run, plan, { name, fold });
      observer.onMember(name, { state: 'kept', device: trained.record.device });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      observer.onWarning(name, `${error.message} It is trained again.`);
    }
  }
}

/** Removes the checkpoints of a published training. Where they cannot be removed, a warning says so. */
async function removeCheckpoints(
  { folder, observer }: MemberRun,
  member: MemberPlan,
  { name, fold }: { name: string; fold: Fold },
): Promise<void> {
  const path = folder.checkpoints(member.name, fold);
  await writing(path, () => rm(path, { recursive: true, force: true })).catch((error: unknown) => {
    if (!(error instanceof UnwritableError)) throw error;
    observer.onWarning(name, `What is no longer needed of its progress stays: ${error.message}`);
  });
}

/** What identifies the images and the teacher of a run. */
function identityOf({ dataset, teacher }: MemberRun): Pick<TrainedPlan, 'dataset' | 'teacher'> {
  return { dataset: dataset.fingerprint, teacher: teacher?.sha256 };
}

/** The first difference between the plan of a kept training and its new plan; none if an earlier version trained it, without a plan. */
function differenceOf(kept: unknown, now: TrainedPlan): string | undefined {
  if (kept === undefined) return undefined;
  // Earlier versions did not write it.
  const { dataset: _, ...rest } = now;
  return planDifference(kept, Object.hasOwn(kept as object, 'dataset') ? now : rest);
}

/** Whether two plans train the same model for the same predictions, so that only how it is trained differs. */
function isInterchangeable(kept: unknown, now: TrainedPlan): boolean {
  const { member } = now;
  const { stages, dropout } = member;
  const before = kept as TrainedPlan;
  return differenceOf({ ...before, seed: now.seed, member: { ...before.member, stages, dropout } }, now) === undefined;
}
