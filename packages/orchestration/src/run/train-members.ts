/** Every member, trained on every part of the split on some lane, or kept from an earlier part of the run. */
import { partNames, type SplitPart, seedFor, trainingImages } from '@chorus/data';
import { memberCost, variantOf } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { backboneSpecOf, type Experiment, type MemberSpec } from '../experiment/schema.ts';
import { featuresName, sharesFeatures, taskName } from '../experiment/tasks.ts';
import type { Lane } from '../lanes/lane.ts';
import type { InitialWeights, MemberTask, ReadRecords, SharedFeatures } from '../lanes/protocol.ts';
import { runOnLanes, type Scheduled } from '../lanes/schedule.ts';
import { activationBudgetBytes } from '../member/activation-cache.ts';
import { readMember, type TrainedMember } from '../member/member-folder.ts';
import type { StopFlag } from '../member/stop-flag.ts';
import type { Dataset } from './dataset.ts';
import type { RunObserver } from './observer.ts';
import type { RunFolder } from './run-folder.ts';

/** A member trained on one part; its weights stay on the disk until somebody predicts with them. */
export interface Training extends Omit<TrainedMember, 'weights'> {
  part: string;
  /** Of its member and part. */
  folder: string;
  /** An earlier part of the run trained it. */
  resumed: boolean;
}

export type MemberOutcome =
  | { status: 'done'; trainings: Training[]; seconds: number }
  | { status: 'failed'; reason: string; device: string | null; trainings: Training[]; seconds: number };

/** What training the members takes. */
export interface MemberRun {
  experiment: Experiment;
  dataset: Dataset;
  /** In the order of the members. */
  weights: readonly InitialWeights[];
  lanes: readonly Lane[];
  folder: RunFolder;
  reads: ReadRecords;
  observer: RunObserver;
  stop: StopFlag;
}

/**
 * Trains what is not there yet. One member's failure leaves the others alone; a member is done when it is on every part,
 * and once a part of it has failed the others are not begun.
 *
 * @returns an outcome per member, in the order of the experiment.
 * @throws StoppedError when the run was asked to stop: nothing is known of the trainings under way then.
 */
export async function trainMembers(run: MemberRun): Promise<MemberOutcome[]> {
  const { experiment, lanes, stop } = run;
  const records = new Map(experiment.members.map((member) => [member.name, newRecord(member)]));
  await keepFinished(run, records);
  const tasks = plannedTasks(run, records);
  await runOnLanes(lanes, tasks, (lane, task) => runTask(run, lane, task));
  stop.check();
  return experiment.members.map(({ name }): MemberOutcome => {
    const { trainings, seconds, failure } = records.get(name)!;
    const inOrder = run.dataset.split.parts.flatMap((part) => trainings.get(part.name) ?? []);
    if (failure !== undefined) return { status: 'failed', ...failure, trainings: inOrder, seconds };
    return { status: 'done', trainings: inOrder, seconds };
  });
}

/** Whether a part's model answers later on: the one on all images where there is one, else every one. */
export function predictsLater(part: string, stacking: Experiment['stacking']): boolean {
  return part === 'all' || !partNames(stacking).includes('all');
}

// --- internal ---

/** What is known of a member so far. */
interface MemberRecord {
  member: MemberSpec;
  trainings: Map<string, Training>;
  failure: { reason: string; device: string | null } | undefined;
  /** Of all its tasks. */
  seconds: number;
}

/** One thing to do on a lane: a training, or the features that a member's trainings share. */
interface MemberWork {
  record: MemberRecord;
  name: string;
  /** Undefined for the features. */
  part: SplitPart | undefined;
  features: SharedFeatures | undefined;
}

function newRecord(member: MemberSpec): MemberRecord {
  return { member, trainings: new Map(), failure: undefined, seconds: 0 };
}

function plannedTasks(run: MemberRun, records: ReadonlyMap<string, MemberRecord>): Scheduled<MemberWork>[] {
  const { experiment, dataset } = run;
  const tasks: Scheduled<MemberWork>[] = [];
  for (const record of records.values()) {
    const { member } = record;
    const cost = memberCost(backboneSpecOf(member, experiment));
    const missing = dataset.split.parts.filter((part) => !record.trainings.has(part.name));
    const features = missing.length > 0 ? sharedFeatures(run, member) : undefined;
    const common = { record, features };
    let after: number | undefined;
    if (features !== undefined) {
      after = tasks.length;
      tasks.push({
        task: { ...common, name: featuresName(member.name), part: undefined },
        cost: cost * features.indices.length * features.rowsPerImage,
        pinnedTo: member.worker,
      });
    }
    for (const part of missing)
      tasks.push({
        task: { ...common, name: taskName(member.name, part.name, dataset.split.parts.length), part },
        // Behind shared features only a head is trained.
        cost:
          features !== undefined && experiment.recipe.fineTune.lastLayers === 0
            ? part.fit.length
            : cost * part.fit.length,
        pinnedTo: member.worker,
        after,
      });
  }
  return tasks;
}

/**
 * Memory for the pooled features of all training images: in front of a member's head the backbone is the same on every part.
 *
 * @returns undefined where parts share none, or they are not worth keeping.
 */
function sharedFeatures({ experiment, dataset }: MemberRun, member: MemberSpec): SharedFeatures | undefined {
  const indices = trainingImages(dataset.split);
  const rowsPerImage = experiment.recipe.flip || experiment.testTimeAugmentation ? 2 : 1;
  const width = variantOf(backboneSpecOf(member, experiment)).featureWidth;
  const bytes = indices.length * rowsPerImage * width * Float32Array.BYTES_PER_ELEMENT;
  if (!sharesFeatures(experiment) || bytes > activationBudgetBytes) return undefined;
  return { indices, rowsPerImage, rows: new SharedArrayBuffer(bytes) };
}

async function runTask(run: MemberRun, lane: Lane, work: MemberWork): Promise<void> {
  const { observer, stop } = run;
  const { record, name, part } = work;
  if (stop.raised) return;
  // It could not be of use any more.
  if (record.failure !== undefined) {
    observer.onMember(name, { state: 'skipped' });
    return;
  }
  const startedAtMs = Date.now();
  observer.onMember(name, { state: 'running', device: lane.device });
  try {
    if (part === undefined) await computeFeatures(run, lane, work);
    else record.trainings.set(part.name, await train(run, lane, work, part));
    const seconds = (Date.now() - startedAtMs) / 1000;
    observer.onMember(name, { state: 'done', device: lane.device, seconds });
  } catch (error) {
    // After a stop request, any failure counts as the stop.
    if (stop.raised) return;
    // One line, as in the table of members.
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
    record.failure = {
      reason: name === record.member.name ? reason : `${name.slice(record.member.name.length + 1)}: ${reason}`,
      device: lane.device,
    };
    observer.onMember(name, { state: 'failed', reason });
  } finally {
    record.seconds += (Date.now() - startedAtMs) / 1000;
  }
}

async function computeFeatures(run: MemberRun, lane: Lane, { record, name, features }: MemberWork): Promise<void> {
  await lane.run({
    ...memberTask(run, record.member, name),
    kind: 'features',
    features: features!,
    reads: run.reads.fit,
  });
}

async function train(
  run: MemberRun,
  lane: Lane,
  { record, name, features }: MemberWork,
  part: SplitPart,
): Promise<Training> {
  const { experiment, dataset, reads } = run;
  const { member } = record;
  const folder = run.folder.member(member.name, part.name);
  await lane.run({
    ...memberTask(run, member, name),
    kind: 'train',
    member: member.name,
    part: part.name,
    labels: dataset.labels,
    fit: part.fit,
    tune: part.tune,
    outOfFold: part.outOfFold,
    features,
    reads: { fit: reads.fit, tune: reads.tune, stack: reads.stack },
    testTimeAugmentation: experiment.testTimeAugmentation,
    folder,
    keepsWeights: predictsLater(part.name, experiment.stacking),
  });
  // Read back what was published, every byte checked.
  return trainingOf(await readMember(folder), { part: part.name, folder, resumed: false });
}

function trainingOf(
  { weights: _, ...rest }: TrainedMember,
  about: Pick<Training, 'part' | 'folder' | 'resumed'>,
): Training {
  return { ...rest, ...about };
}

/** What all tasks on a member have in common. */
function memberTask({ experiment, dataset, weights }: MemberRun, member: MemberSpec, name: string): MemberTask {
  const backbone = backboneSpecOf(member, experiment);
  return {
    name,
    backbone,
    weights: weights[experiment.members.indexOf(member)]!,
    classes: dataset.classes,
    // By name: adding or reordering members changes nothing for the others.
    seed: seedFor(experiment.seed, name),
    flaws: experiment.flaws,
    recipe: experiment.recipe,
    pixels: dataset.pixels.get(backbone.inputSize)!,
  };
}

/**
 * Keeps the trainings that an earlier part of the run finished: read and checked byte by byte, and begun with the same
 * weights. Another one is done again, and the observer is told why.
 */
async function keepFinished(run: MemberRun, records: ReadonlyMap<string, MemberRecord>): Promise<void> {
  const { experiment, dataset, folder, observer, weights } = run;
  for (const [index, member] of experiment.members.entries())
    for (const part of dataset.split.parts) {
      if (!(await folder.hasMember(member.name, part.name))) continue;
      const name = taskName(member.name, part.name, dataset.split.parts.length);
      try {
        const path = folder.member(member.name, part.name);
        const trained = await readMember(path);
        const initial = weights[index]!;
        if (trained.weights === undefined && predictsLater(part.name, experiment.stacking))
          throw new StorageError(`${path} has no weights.`);
        if (trained.record.weights.sha256 !== (initial.kind === 'file' ? initial.sha256 : null))
          throw new StorageError(`${name} began with other weights (${trained.record.weights.source}).`);
        const record = records.get(member.name)!;
        record.trainings.set(part.name, trainingOf(trained, { part: part.name, folder: path, resumed: true }));
        record.seconds += trained.record.seconds;
        observer.onMember(name, { state: 'kept', device: trained.record.device });
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        observer.onWarning(name, `${error.message} It is trained again.`);
      }
    }
}
