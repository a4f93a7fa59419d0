/** Trains every member on every fold, on any lane, unless an earlier part of the run already trained it. */
import { inspect } from 'node:util';
import type { FoldImages } from '@chorus/data';
import { memberCost } from '@chorus/models';
import { type MemberPlan, type SharedFeatures, type TrainingResult, writeMember } from '@chorus/training';
import { isUserMistake, messageOf } from '../exit-codes.ts';
import type { Lane } from '../lanes/lane.ts';
import { runOnLanes, type Scheduled } from '../lanes/schedule.ts';
import { atLeastShards } from '../lanes/shards.ts';
import type { PlannedMember, PlannedTraining } from '../plan/plan-training.ts';
import type { Precautions } from '../supervise/precautions.ts';
import { keepFinished, removeCheckpoints } from './finished-trainings.ts';
import {
  busySeconds,
  computeFeatures,
  type FeaturesWork,
  shareFeatures,
  timeForwardPasses,
} from './member-features.ts';
import {
  type MemberOutcome,
  type MemberRecord,
  type MemberRun,
  memberParts,
  newRecord,
  stacksFeatures,
  type Training,
} from './member-run.ts';
import type { MemberState } from './observer.ts';

export type { FinishedOutcome, MemberOutcome, MemberRun, Training } from './member-run.ts';

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
