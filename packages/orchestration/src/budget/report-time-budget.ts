import { foldName } from '@chorus/data';
import type { TimeBudgetReport } from '../report/time-budget.ts';
import type { MemberOutcome } from '../run/train-members.ts';
import type { BudgetRecord } from './budget-file.ts';
import type { TimeLeft } from './time-left.ts';

/**
 * The report's section on a time budget: what was planned, and what the end of the time has cut.
 *
 * @param models the planned members and, last, the student, if there is one.
 */
export function reportTimeBudget(
  timeLeft: TimeLeft,
  { choice, reducedSizes }: BudgetRecord,
  models: readonly { name: string; outcome: MemberOutcome }[],
): TimeBudgetReport {
  const { ranking, leftOut, members: chosen } = choice!;
  return {
    seconds: timeLeft.budgetSeconds,
    spentSeconds: timeLeft.spentSeconds,
    note: 'The budget chose members, input sizes and epochs by the speed of this machine: on another machine, or with other work running, the results may differ.',
    ...{ ranking, reducedSizes, leftOut, members: chosen },
    cut: models.filter(({ outcome }) => outcome.status === 'cut').map(({ name }) => name),
    endedEarly: models.flatMap(({ name, outcome }) =>
      outcome.trainings.flatMap(({ fold, record: { cutStages = [] } }) =>
        cutStages.map((stage) => ({ name, fold: foldName(fold), ...stage })),
      ),
    ),
  };
}
