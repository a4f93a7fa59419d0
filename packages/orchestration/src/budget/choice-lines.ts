import type { TrainingPlan } from '../plan/plan-training.ts';
import type { BudgetRecord } from './budget-file.ts';
import type { PlannedChoice } from './plan-within.ts';
import type { TimeLeft } from './time-left.ts';

/** What a run with a time budget has chosen and why, one line each. */
export function choiceLines(
  { ranking, ...choice }: PlannedChoice & Partial<Pick<NonNullable<BudgetRecord['choice']>, 'ranking'>>,
  plan: TrainingPlan,
  { budgetSeconds, spentSeconds }: Pick<TimeLeft, 'budgetSeconds' | 'spentSeconds'>,
): string[] {
  const percent = (accuracy: number) => `${(100 * accuracy).toFixed(1)} %`;
  return [
    ...(ranking
      ? [
          `ranked by ${ranking.neighborCount} nearest neighbors on frozen features (leave-one-out, ${ranking.imageCount} training images): ${ranking.members
            .map(({ name, accuracy }) => `${name} ${percent(accuracy)}`)
            .join(', ')}`,
        ]
      : []),
    `time budget: ${duration(spentSeconds)} of ${duration(budgetSeconds)} spent; the plan takes about ${duration(choice.plannedSeconds)} more, plus stackers and report`,
    ...choice.members.map(({ name, stages }) => `  ${name}: ${stagesText(name, stages, plan)}`),
    ...choice.leftOut.map(({ name, missingSeconds }) => {
      const member = plan.members.find((one) => one.plan.name === name)!;
      return `  ${name} at ${member.plan.backbone.inputSize} px is left out: it needs about ${duration(Math.max(1, missingSeconds))} more`;
    }),
  ];
}

// --- internal ---

function stagesText(name: string, stages: PlannedChoice['members'][number]['stages'], plan: TrainingPlan): string {
  const { stages: all } = plan.members.find((member) => member.plan.name === name)!.plan;
  return all
    .map(({ name: stage, epochCount, stopping }) => {
      const chosen = stages.find((one) => one.stage === stage);
      if (chosen === undefined) return `no ${stage}`;
      const most = stopping.keeps === 'best' ? 'at most ' : '';
      return chosen.epochCount === epochCount
        ? `${stage}, ${most}${epochCount} epochs`
        : `${stage}, ${most}${chosen.epochCount} of ${epochCount} epochs`;
    })
    .join('; ');
}

/** Such as `95 s`, `14 min` or `3.5 h`. */
function duration(seconds: number): string {
  if (seconds < 180) return `${Math.round(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
