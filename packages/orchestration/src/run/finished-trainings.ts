/** Trainings that an earlier part of the run finished. */
import { rm } from 'node:fs/promises';
import type { Fold } from '@chorus/data';
import { StorageError, UnwritableError, writing } from '@chorus/storage';
import { type MemberPlan, planDifference, readMember, type TrainedPlan, trainedPlanOf } from '@chorus/training';
import type { MemberRecord, MemberRun } from './member-run.ts';

/**
 * Keeps trainings that an earlier part of the run finished, after checking all of their bytes, and that they started from the
 * same weights and followed the same plan. Damaged or different ones are trained again, with a warning.
 */
export async function keepFinished(run: MemberRun, record: MemberRecord): Promise<void> {
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
export async function removeCheckpoints(
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

// --- internal ---

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
