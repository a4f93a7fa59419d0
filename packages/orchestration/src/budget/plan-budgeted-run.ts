/** Plans the trainings of a run with a time budget, or repeats the choice of an earlier part of the run. */

import { memberSeconds, overheadSeconds } from '../plan/estimate-time.ts';
import type { PlannedMember, TrainingPlan } from '../plan/plan-training.ts';
import type { MemberRun } from '../run/train-members.ts';
import type { BudgetFile, BudgetRecord } from './budget-file.ts';
import { choiceLines } from './choice-lines.ts';
import { chooseMembers } from './choose-members.ts';
import { caution } from './member-options.ts';
import { applyChoice, endSeconds } from './plan-within.ts';
import type { StartedBudget } from './start-budget.ts';
import { studentSeconds } from './student-seconds.ts';
import { type TimedTraining, TrainingDeadlines } from './training-deadlines.ts';

/** What a time budget changes of a run. */
export interface BudgetedRun extends Required<Pick<MemberRun, 'plan' | 'features' | 'limits'>> {
  /** When the student's training has to end; undefined without a student. */
  studentLimits: MemberRun['limits'];
}

/**
 * Chooses what to train, and records and reports the choice.
 *
 * @param run with the plan of all members.
 * @returns what changes of the run.
 * @throws StoppedError after a stop request.
 */
export async function planBudgetedRun(
  run: MemberRun,
  { timeLeft, machine }: Pick<StartedBudget, 'timeLeft' | 'machine'>,
  file: BudgetFile,
  minMembers: number,
): Promise<BudgetedRun> {
  const { observer, lanes } = run;
  const recorded = file.record.choice;
  const { choice, features } =
    recorded === null
      ? await chooseMembers(run, { machine, timeLeft, minMembers })
      : { choice: recorded, features: undefined };
  await file.choose(choice);
  for (const line of choiceLines(choice, run.plan, timeLeft)) observer.onNotice(line);
  for (const { plan: member, trainings } of run.plan.members)
    if (choice.leftOut.some(({ name }) => name === member.name))
      for (const { name } of trainings) observer.onMember(name, { state: 'cut' });
  const plan = applyChoice(run.plan, choice);
  const { members, student } = plan;
  const timed = timedTrainings(members, plan, choice, machine);
  const laneCount = lanes.length;
  const reserveSeconds = timed.testSeconds / laneCount + endSeconds(timeLeft.seconds);
  const endsAtMs = timeLeft.endsAtMs - 1000 * (reserveSeconds + studentSeconds(plan, machine));
  const deadlines = new TrainingDeadlines(timed.trainings, { endsAtMs, laneCount });
  const ofStudent = student && timedTrainings([student], plan, choice, machine);
  return {
    ...{ plan, features, limits: { deadlines, minMembers } },
    studentLimits: ofStudent && {
      deadlines: new TrainingDeadlines(ofStudent.trainings, {
        endsAtMs: timeLeft.endsAtMs - 1000 * (reserveSeconds + ofStudent.testSeconds / laneCount),
        laneCount,
      }),
      minMembers: 1,
    },
  };
}

// --- internal ---

function timedTrainings(
  models: readonly PlannedMember[],
  counts: Pick<TrainingPlan, 'trainingCount' | 'testCount'>,
  { forwardSeconds }: NonNullable<BudgetRecord['choice']>,
  machine: StartedBudget['machine'],
): { trainings: Map<string, TimedTraining>; testSeconds: number } {
  const timed = new Map<string, TimedTraining>();
  let testSeconds = 0;
  for (const member of models) {
    const forward = forwardSeconds[member.plan.name];
    const { trainings, test } = memberSeconds(member, counts, machine, 'late', forward);
    testSeconds += caution * test;
    for (const [index, training] of member.trainings.entries()) {
      const { stages, predictions } = overheadSeconds(member.plan, training, machine, forward);
      timed.set(training.name, {
        seconds: trainings[index]!,
        stageStartSeconds: stages,
        predictionSeconds: predictions,
      });
    }
  }
  return { trainings: timed, testSeconds };
}
