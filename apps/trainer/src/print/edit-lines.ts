/** Lines about edits that were accepted when a run was resumed, below the leaderboard. */
import type { Report } from '@chorus/orchestration';
import { printable } from './printable.ts';

/** What was edited, one line each, and which trainings are older. */
export function editLines({ edits, members, student }: Pick<Report, 'edits' | 'members' | 'student'>): string[] {
  const older = [...members, ...(student === undefined ? [] : [student])].flatMap(({ name, trainings }) =>
    trainings.flatMap(({ otherPlan }) => (otherPlan === undefined ? [] : [`${name} (${otherPlan})`])),
  );
  return [
    ...edits.map((edit) => `edited: ${printable(edit)}`),
    ...older.map((text) => `trained before that: ${printable(text)}`),
  ];
}
