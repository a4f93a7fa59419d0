/** Runs the stages of a training, from its beginning or from a checkpoint. */
import type { Classifier } from '@chorus/models';
import type { TensorGroups, TrainingState } from './checkpoint/checkpoint-folder.ts';
import type { StageProgress } from './checkpoint/stage-progress.ts';
import { changedWeights, restoreWeights } from './checkpoint/stage-tensors.ts';
import type { TrainingCheckpoints } from './checkpoint/training-checkpoints.ts';
import { StoppedError } from './errors.ts';
import type { TrainingLane } from './lane-context.ts';
import { prepareBatch } from './lane-progress.ts';
import type { StagePlan } from './plan.ts';
import type { TrainingPlace, TrainTask } from './protocol.ts';
import { retryText } from './retry.ts';
import { type PausedTraining, runStage } from './run-stage.ts';

/** The stages that the task's limit ended, the soups and the retry. */
export type EndedStages = Pick<TrainingState, 'cutStages' | 'soups' | 'retry'>;

/**
 * Runs the stages, then `finish` with the trained classifier. With checkpoints, it continues from the newest, and saves the training
 * when a checkpoint is due and when it is stopped.
 *
 * @param classifier with its initial weights; the caller keeps ownership.
 * @throws StoppedError before the next batch once a stop is requested, and as `runStage` and `finish`.
 */
export async function trainStages<Result>(
  classifier: Classifier,
  task: TrainTask,
  lane: TrainingLane,
  checkpoints: TrainingCheckpoints | undefined,
  finish: (ended: EndedStages) => Promise<Result>,
): Promise<Result> {
  const { stages } = task.member;
  const newest = checkpoints?.newest;
  const first = newest?.state.stageIndex ?? 0;
  const { epochCount = 0, stepCount = 0, cutStages = [], soups = [], retry = null } = newest?.state ?? {};
  const ended = { epochCount, stepCount, cutStages: [...cutStages], soups: [...soups], retry };
  const weightsAt = (stageIndex: number) => changedWeights(classifier, stages.slice(0, stageIndex + 1));
  if (newest !== undefined) {
    restoreWeights(weightsAt(first), newest);
    lane.observer.onContinue(task.name, placeOf(stages[first], newest.state));
  }
  const save = async (stageIndex: number, paused: PausedTraining | { stage: null }, groups: TensorGroups) => {
    prepareBatch();
    const all = new Map([['weights', weightsAt(stageIndex)], ...groups]);
    await checkpoints?.save({ stageIndex, ...ended, ...paused }, all);
  };

  /** The stage whose first step has not been taken, after a stage that is not saved. */
  let next: number | undefined;
  try {
    for (const [index, plan] of stages.entries()) {
      if (index < first) continue;
      const from = index === first && newest?.state.stage ? newest : undefined;
      const hasTime = from !== undefined || index === 0 || isInTime(task, index);
      const limit = task.limit && { deadlineAtMs: task.limit.deadlineAtMs, needsEpoch: index === 0 };
      const end = hasTime
        ? await runStage(classifier, plan, task, lane, {
            ...{ limit, from, retry: ended.retry },
            async onPause(paused, tensors, isStopping) {
              next = undefined;
              if (isStopping || checkpoints?.isDue) await save(index, paused, tensors());
            },
            onRetry(retry, progress) {
              const text = retryText(retry);
              lane.observer.onWarning(task.name, `${text[0]!.toUpperCase()}${text.slice(1)}.`);
              lane.observer.onContinue(task.name, placeIn(plan, progress, ended));
            },
          })
        : { epochCount: 0, stepCount: 0, isCut: true, retry: ended.retry };
      ended.epochCount += end.epochCount;
      ended.stepCount += end.stepCount;
      if (end.isCut) ended.cutStages.push({ stage: plan.name, epochCount: end.epochCount });
      ended.retry = end.retry;
      if (end.soup !== undefined) ended.soups.push({ stage: plan.name, ...end.soup });
      next = index + 1;
    }
    return await finish(ended);
  } catch (error) {
    // The weights are those that the last stage left: only frozen layers have run since.
    if (error instanceof StoppedError && next !== undefined) await save(next, { stage: null }, new Map());
    throw error;
  }
}

// --- internal ---

function placeOf(plan: StagePlan | undefined, { stage, epochCount, stepCount }: TrainingState): TrainingPlace {
  const done = { epochCount, stepCount };
  if (plan === undefined) return { stage: 'predict', done };
  if (stage === null) return { stage: plan.name, next: { epochIndex: 0, stepIndex: 0 }, done };
  return placeIn(plan, stage.progress, done);
}

/** @param ended numbers of epochs and steps in the stages before. */
function placeIn(plan: StagePlan, progress: StageProgress, ended: TrainingPlace['done']): TrainingPlace {
  const { epochIndex, stepIndex, stepCount, end } = progress;
  return {
    stage: plan.name,
    ...(end === null && { next: { epochIndex, stepIndex } }),
    done: { epochCount: ended.epochCount + epochIndex, stepCount: ended.stepCount + stepCount },
  };
}

/** Whether a stage gets as far as its first epoch before the task's limit. */
function isInTime({ limit }: TrainTask, stageIndex: number): boolean {
  return limit === undefined || Date.now() + 1000 * limit.stageStartSeconds[stageIndex]! <= limit.deadlineAtMs;
}
