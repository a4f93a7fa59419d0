import type { Report } from '@chorus/orchestration';

/** What a time budget has changed; no line without one. */
export function timeBudgetLines(budget: Report['timeBudget']): string[] {
  if (budget === null) return [];
  const { seconds, spentSeconds, leftOut, reducedSizes, cut, endedEarly } = budget;
  const list = (label: string, all: readonly string[]) => (all.length === 0 ? [] : [`${label}: ${all.join(', ')}`]);
  const exceeded = spentSeconds > seconds ? `, ${Math.round(spentSeconds - seconds)} s too many` : '';
  return [
    `time budget: ${Math.round(spentSeconds)} of ${seconds} s${exceeded}; with other work on this machine, or on another one, the results may differ`,
    ...list(
      'smaller images for lack of time',
      reducedSizes
        .filter(({ name }) => !leftOut.some((one) => one.name === name))
        .map(({ name, from, to }) => `${name} (${to} px in place of ${from} px)`),
    ),
    ...list(
      'left out for lack of time',
      leftOut.map(({ name, missingSeconds }) => `${name} (about ${Math.max(1, Math.ceil(missingSeconds))} s more)`),
    ),
    ...list('not trained to the end', cut),
    ...list('ended early', cutStages(endedEarly)),
  ];
}

// --- internal ---

/** One entry per member and stage, whatever the number of its trainings. */
function cutStages(endedEarly: NonNullable<Report['timeBudget']>['endedEarly']): string[] {
  const counts = new Map<string, number>();
  for (const { name, stage } of endedEarly) counts.set(`${name}, ${stage}`, (counts.get(`${name}, ${stage}`) ?? 0) + 1);
  return [...counts].map(([stage, count]) => `${stage} (${count} ${count === 1 ? 'training' : 'trainings'})`);
}
