/** Every member, trained on every part of the split on some lane, or kept from an earlier part of the run. */
import { type SplitPart, seedFor, trainingImages } from '@chorus/data';
import { backboneTable, memberCost } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import { backboneSpecOf, type Experiment, type MemberSpec } from '../experiment/schema.ts';
import type { Lane } from '../lanes/lane.ts';
import type { InitialWeights, MemberTask, ReadRecords, SharedFeatures } from '../lanes/protocol.ts';
import { runOnLanes } from '../lanes/schedule.ts';
import { activationBudgetBytes } from '../member/activations.ts';
import { readMember, type TrainedMember } from '../member/member-folder.ts';
import type { StopFlag } from '../member/stop-flag.ts';
import type { Dataset } from './dataset.ts';
import type { RunObserver } from './observer.ts';
import type { RunFolder } from './run-folder.ts';
import { taskName } from './tasks.ts';

/** A member trained on one part. */
export interface Training {
  part: string;
  trained: TrainedMember;
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
 * Trains what is not there yet. One member's failure leaves the others alone; a member is done when it is on every part.
 *
 * @returns an outcome per member, in the order of the experiment.
 * @throws StoppedError when the run was asked to stop: nothing is known of the trainings under way then.
 */
export async function trainMembers(run: MemberRun): Promise<MemberOutcome[]> {
  const { experiment, dataset, folder, observer, stop } = run;
  const finished = await findFinished(run);
  const tasks = experiment.members.flatMap((member) => dataset.split.parts.map((part) => ({ member, part })));
  const missing = tasks.filter(({ member, part }) => !finished.has(keyOf(member, part)));
  const features = await sharedFeatures(run, [...new Set(missing.map(({ member }) => member))]);

  const startedAtMs = new Map<string, number>();
  const deviceOf = new Map<string, string>();
  const settled = await runOnLanes(
    run.lanes,
    missing.map((task) => ({
      task,
      cost: memberCost(backboneSpecOf(task.member, experiment)) * task.part.fit.length,
      pinnedTo: task.member.worker,
    })),
    async (lane, { member, part }): Promise<TrainedMember> => {
      const common = memberTask(run, member, part);
      const shared = features.get(member.name);
      if (shared instanceof Error) throw shared;
      startedAtMs.set(common.name, Date.now());
      deviceOf.set(common.name, lane.device);
      observer.onMember(common.name, { state: 'running', device: lane.device });
      await lane.run({
        ...common,
        kind: 'train',
        member: member.name,
        part: part.name,
        labels: dataset.labels,
        fit: part.fit,
        tune: part.tune,
        heldOut: part.heldOut,
        features: shared,
        reads: { fit: run.reads.fit, tune: run.reads.tune, stack: run.reads.stack },
        mirror: experiment.mirror,
        folder: folder.member(member.name, part.name),
      });
      // Read back what was published: the bundle gets the bytes that are on the disk.
      const trained = await readMember(folder.member(member.name, part.name));
      observer.onMember(common.name, { state: 'done', device: lane.device, seconds: trained.record.seconds });
      return trained;
    },
  );
  const results = new Map(
    settled.map((result, index) => [keyOf(missing[index]!.member, missing[index]!.part), result]),
  );

  return experiment.members.map((member): MemberOutcome => {
    const trainings: Training[] = [];
    const failures: { reason: string; device: string | null }[] = [];
    let seconds = 0;
    for (const part of dataset.split.parts) {
      const name = nameOf(run, member, part);
      const kept = finished.get(keyOf(member, part));
      const result = results.get(keyOf(member, part));
      if (kept !== undefined) {
        observer.onMember(name, { state: 'kept', device: kept.record.device });
        trainings.push({ part: part.name, trained: kept, resumed: true });
        seconds += kept.record.seconds;
      } else if (result?.status === 'fulfilled') {
        trainings.push({ part: part.name, trained: result.value, resumed: false });
        seconds += result.value.record.seconds;
      } else {
        // Of an error's class nothing is left behind a thread's border: the flag says why it failed.
        stop.check();
        const reason = describe(result?.reason);
        observer.onMember(name, { state: 'failed', reason });
        failures.push({
          reason: name === member.name ? reason : `${part.name}: ${reason}`,
          device: deviceOf.get(name) ?? null,
        });
        seconds += (Date.now() - (startedAtMs.get(name) ?? Date.now())) / 1000;
      }
    }
    const [failure] = failures;
    if (failure === undefined) return { status: 'done', trainings, seconds };
    return { status: 'failed', ...failure, trainings, seconds };
  });
}

/** The trainings of which the models answer later on: the one on all images where there is one, else all. */
export function predictingTrainings(trainings: readonly Training[]): Training[] {
  const whole = trainings.filter(({ part }) => part === 'all');
  return whole.length > 0 ? whole : [...trainings];
}

// --- internal ---

/** What all tasks on a member have in common. */
function memberTask(run: MemberRun, member: MemberSpec, part?: SplitPart): MemberTask {
  const { experiment, dataset, weights } = run;
  const backbone = backboneSpecOf(member, experiment);
  const name = part === undefined ? member.name : nameOf(run, member, part);
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
 * Pooled features of all training images for the members that will train a head on several parts: the backbone in front of
 * it is the same for all of them.
 *
 * @returns by member; an Error where they could not be computed, and nothing where they are not worth keeping.
 */
async function sharedFeatures(
  run: MemberRun,
  members: readonly MemberSpec[],
): Promise<Map<string, SharedFeatures | Error>> {
  const { experiment, dataset, stop } = run;
  if (dataset.split.parts.length === 1 || experiment.flaws.wholeFromStart) return new Map();
  const indices = trainingImages(dataset.split);
  const rowsPerImage = experiment.recipe.flip || experiment.mirror ? 2 : 1;
  const tasks = members.flatMap((member) => {
    const task = memberTask(run, member);
    const width = backboneTable[member.backbone].featureWidth(member.alpha);
    const bytes = indices.length * rowsPerImage * width * Float32Array.BYTES_PER_ELEMENT;
    if (task.weights.kind === 'random' || bytes > activationBudgetBytes) return [];
    const features: SharedFeatures = { indices, rowsPerImage, rows: new SharedArrayBuffer(bytes) };
    return [{ member, task, features }];
  });
  const settled = await runOnLanes(
    run.lanes,
    tasks.map((task) => ({
      task,
      cost: memberCost(task.task.backbone) * indices.length,
      pinnedTo: task.member.worker,
    })),
    (lane, { task, features }) => lane.run({ ...task, kind: 'features', features, reads: run.reads.fit }),
  );
  stop.check();
  return new Map(
    settled.map((result, index) => {
      const { member, features } = tasks[index]!;
      return [member.name, result.status === 'fulfilled' ? features : new Error(describe(result.reason))];
    }),
  );
}

/**
 * Trainings that an earlier part of the run finished: read and checked byte by byte. A damaged one is done again, and the
 * observer is told why.
 */
async function findFinished(run: MemberRun): Promise<Map<string, TrainedMember>> {
  const { experiment, dataset, folder, observer } = run;
  const finished = new Map<string, TrainedMember>();
  for (const member of experiment.members)
    for (const part of dataset.split.parts) {
      if (!(await folder.hasMember(member.name, part.name))) continue;
      try {
        finished.set(keyOf(member, part), await readMember(folder.member(member.name, part.name)));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        observer.onWarning(nameOf(run, member, part), `${error.message} The member is trained again.`);
      }
    }
  return finished;
}

function keyOf(member: MemberSpec, part: SplitPart): string {
  return `${member.name}/${part.name}`;
}

function nameOf({ dataset }: MemberRun, member: MemberSpec, part: SplitPart): string {
  return taskName(member.name, part.name, dataset.split.parts.length);
}

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
