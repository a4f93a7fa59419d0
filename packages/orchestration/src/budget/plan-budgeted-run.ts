/** Plans the trainings of a run with a time budget, or repeats the choice of an earlier part of the run. */

import { memberSeconds, overheadSeconds } from '../plan/estimate-time.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import type { MemberRun } from '../run/train-members.ts';
import type { BudgetFile, BudgetRecord } from './budget-file.ts';
import { choiceLines } from './choice-lines.ts';
import { chooseMembers } from './choose-members.ts';
import { caution } from './member-options.ts';
import { applyChoice, endSeconds } from './plan-within.ts';
import type { StartedBudget } from './start-budget.ts';
import { type TimedTraining, TrainingDeadlines } from './training-deadlines.ts';

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
): Promise<Required<Pick<MemberRun, 'plan' | 'features' | 'limits'>>> {
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
  const timed = timedTrainings(plan, choice, machine);
  const reserveSeconds = timed.testSeconds / lanes.length + endSeconds(timeLeft.seconds);
  const endsAtMs = timeLeft.endsAtMs - 1000 * reserveSeconds;
  const deadlines = new TrainingDeadlines(timed.trainings, { endsAtMs, laneCount: lanes.length });
  return { plan, features, limits: { deadlines, minMembers } };
}

// --- internal ---

function timedTrainings(
  plan: TrainingPlan,
  { forwardSeconds }: NonNullable<BudgetRecord['choice']>,
  machine: StartedBudget['machine'],
): { trainings: Map<string, TimedTraining>; testSeconds: number } {
  const timed = new Map<string, TimedTraining>();
  let testSeconds = 0;
  for (const member of plan.members) {
    const forward = forwardSeconds[member.plan.name];
    const { trainings, test } = memberSeconds(member, plan, machine, 'late', forward);
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
