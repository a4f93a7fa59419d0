/** Every member, trained on some lane or kept from an earlier part of the run. */
import { seedFor } from '@chorus/data';
import { memberCost } from '@chorus/models';
import { StorageError } from '@chorus/storage';
import type { Experiment } from '../experiment/schema.ts';
import type { Lane } from '../lanes/lane.ts';
import type { InitialWeights, ReadRecords } from '../lanes/protocol.ts';
import { runOnLanes } from '../lanes/schedule.ts';
import { readMember, type TrainedMember } from '../member/member-folder.ts';
import type { StopFlag } from '../member/stop-flag.ts';
import type { Dataset } from './dataset.ts';
import type { RunObserver } from './observer.ts';
import type { RunFolder } from './run-folder.ts';

export type MemberOutcome =
  | { status: 'done'; trained: TrainedMember; resumed: boolean; seconds: number }
  | { status: 'failed'; reason: string; device: string | null; seconds: number };

/**
 * Trains what is not there yet. One member's failure leaves the others alone.
 *
 * @param finished members of an earlier part of the run, by name; see {@link findFinishedMembers}.
 * @returns an outcome per member, in the order of the experiment.
 * @throws StoppedError when the run was asked to stop: nothing is known of the members under way then.
 */
export async function trainMembers(
  experiment: Experiment,
  dataset: Dataset,
  weights: readonly InitialWeights[],
  lanes: readonly Lane[],
  folder: RunFolder,
  reads: ReadRecords,
  finished: ReadonlyMap<string, TrainedMember>,
  observer: RunObserver,
  stop: StopFlag,
): Promise<MemberOutcome[]> {
  const startedAtMs = new Map<string, number>();
  const deviceOf = new Map<string, string>();
  const missing = experiment.members.filter((member) => !finished.has(member.name));
  const results = await runOnLanes(
    lanes,
    missing.map((member) => ({
      task: member,
      cost: memberCost({ family: member.backbone, alpha: member.alpha, inputSize: experiment.inputSize }),
      pinnedTo: member.worker,
    })),
    async (lane, member): Promise<TrainedMember> => {
      startedAtMs.set(member.name, Date.now());
      deviceOf.set(member.name, lane.device);
      observer.onMember(member.name, { state: 'running', device: lane.device });
      await lane.run({
        kind: 'train',
        member,
        recipe: experiment.recipe,
        weights: weights[experiment.members.indexOf(member)]!,
        // By name: adding or reordering members changes nothing for the others.
        seed: seedFor(experiment.seed, member.name),
        inputSize: experiment.inputSize,
        classes: dataset.classes,
        pixels: dataset.pixels,
        labels: dataset.labels,
        fit: dataset.split.fit,
        tune: dataset.split.tune,
        stack: dataset.split.stack,
        reads: { fit: reads.fit, tune: reads.tune, stack: reads.stack },
        mirror: experiment.mirror,
        folder: folder.member(member.name),
      });
      // Read back what was published: the bundle gets the bytes that are on the disk.
      const trained = await readMember(folder.member(member.name));
      observer.onMember(member.name, { state: 'done', device: lane.device, seconds: trained.record.seconds });
      return trained;
    },
  ).then((settled) => new Map(settled.map((result, index) => [missing[index]!.name, result])));

  return experiment.members.map(({ name }): MemberOutcome => {
    const kept = finished.get(name);
    if (kept !== undefined) {
      observer.onMember(name, { state: 'kept', device: kept.record.device });
      return { status: 'done', trained: kept, resumed: true, seconds: kept.record.seconds };
    }
    const result = results.get(name)!;
    if (result.status === 'fulfilled')
      return { status: 'done', trained: result.value, resumed: false, seconds: result.value.record.seconds };
    // Of an error's class nothing is left behind a thread's border: the flag says why it failed.
    stop.check();
    const reason = describe(result.reason);
    observer.onMember(name, { state: 'failed', reason });
    return {
      status: 'failed',
      reason,
      device: deviceOf.get(name) ?? null,
      seconds: (Date.now() - (startedAtMs.get(name) ?? Date.now())) / 1000,
    };
  });
}

/**
 * Members that an earlier part of the run finished: read and checked byte by byte. A damaged one is trained again, and
 * the observer is told why.
 */
export async function findFinishedMembers(
  experiment: Experiment,
  folder: RunFolder,
  observer: RunObserver,
): Promise<Map<string, TrainedMember>> {
  const finished = new Map<string, TrainedMember>();
  for (const { name } of experiment.members) {
    if (!(await folder.hasMember(name))) continue;
    try {
      finished.set(name, await readMember(folder.member(name)));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      observer.onWarning(name, `${error.message} The member is trained again.`);
    }
  }
  return finished;
}

// --- internal ---

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
