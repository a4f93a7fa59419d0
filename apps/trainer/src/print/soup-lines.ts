/** Lines about greedy soups below the leaderboard. */
import type { Report } from '@chorus/orchestration';

type Model = Pick<Report['members'][number], 'name' | 'trainings'>;

/** How many epochs each stage with a soup averages, one line per member and stage. */
export function soupLines({ members, student }: { members: readonly Model[]; student?: Model | undefined }): string[] {
  return [...members, ...(student === undefined ? [] : [student])].flatMap(({ name, trainings }) => {
    const soups = trainings.flatMap((training) => training.soups ?? []);
    return [...new Set(soups.map(({ stage }) => stage))].map((stage) => {
      const counts = soups.filter((soup) => soup.stage === stage).map(({ epochs }) => epochs.length);
      return `soup of ${name}, stage ${stage}: the mean of ${countsText(counts)}`;
    });
  });
}

// --- internal ---

/** Such as "3 epochs" or, with several folds, "1 to 3 epochs in 5 trainings". */
function countsText(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const range = least === most ? `${most}` : `${least} to ${most}`;
  const trainings = counts.length === 1 ? '' : ` in each of ${counts.length} trainings`;
  return `${range} ${most === 1 ? 'epoch' : 'epochs'}${trainings}`;
}
