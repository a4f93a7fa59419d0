/** Lines about retried trainings below the leaderboard. */
import type { Report } from '@chorus/orchestration';

type Model = Pick<Report['members'][number], 'name' | 'trainings'>;

/** Why trainings were retried, one line each. */
export function retryLines({ members, student }: { members: readonly Model[]; student?: Model | undefined }): string[] {
  return [...members, ...(student === undefined ? [] : [student])].flatMap(({ name, trainings }) =>
    trainings.flatMap(({ retry }) => (retry === undefined ? [] : [`retried: ${name}: ${retry.text}`])),
  );
}
