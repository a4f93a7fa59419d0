/** The time that a run with a time budget reserves for its student. */
import { memberSeconds, speedAlone, type TimedMachine } from '../plan/estimate-time.ts';
import type { TrainingPlan } from '../plan/plan-training.ts';
import { wallSeconds } from './choose-options.ts';
import { caution } from './member-options.ts';

/** Wall time of the student's features, training and test, with all of its epochs; 0 if the plan has none. */
export function studentSeconds(
  plan: Pick<TrainingPlan, 'student' | 'trainingCount' | 'testCount'>,
  machine: TimedMachine,
): number {
  if (plan.student === undefined) return 0;
  const { trainings, features, test } = memberSeconds(plan.student, plan, machine, 'late');
  const all = trainings.reduce((sum, seconds) => sum + seconds, 0) + features + test;
  return wallSeconds([{ seconds: caution * all, longestSeconds: caution * Math.max(...trainings) }], {
    laneCount: machine.laneCount,
    speedAlone: speedAlone(machine),
  });
}
