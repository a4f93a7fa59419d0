import type { FoundRate } from '@chorus/orchestration';
import { rateText } from '@chorus/orchestration/rate-text';
import { table } from './table.ts';

/** What `chorus lr-find` prints: a row per sweep, and per stage the value to set. */
export function rateTable(found: readonly FoundRate[]): string {
  const rows = found.map(({ member, stage, planned, sweep, suggestion }) => [
    member,
    stage,
    `${sweep.losses.length} of ${sweep.stepCount}`,
    rateText(planned.value),
    ...(suggestion === undefined
      ? ['diverged', 'diverged', 'diverged']
      : [
          rateText(suggestion.valley),
          suggestion.steepest === null ? 'none' : rateText(suggestion.steepest),
          rateText(suggestion.tenthOfMinimum),
        ]),
  ]);
  const lowest = valleys(found);
  return [
    table([['member', 'stage', 'steps', 'planned', 'valley', 'steepest', 'minimum / 10'], ...rows]),
    '',
    ...(lowest.length === 0
      ? ['Every loss diverged too early for a suggestion; choose a lower --from.']
      : ['To use the valley, the lowest one of the members:']),
    ...lowest.map(([key, rate]) => `  --set ${key}=${rateText(rate)}`),
  ].join('\n');
}

// --- internal ---

/** The lowest valley by the path of the rate; a stage without any has none. */
function valleys(found: readonly FoundRate[]): [key: string, rate: number][] {
  const lowest = new Map<string, number>();
  for (const { key, suggestion } of found)
    if (suggestion !== undefined)
      lowest.set(key, Math.min(lowest.get(key) ?? Number.POSITIVE_INFINITY, suggestion.valley));
  return [...lowest];
}
