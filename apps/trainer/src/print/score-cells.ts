import type { Score } from '@chorus/orchestration';

/** Accuracy, its interval, correct predictions and log loss, as cells of a table. */
export function scoreCells({ accuracy, wilson95, correct, count, logLoss }: Score): string[] {
  const percent = (share: number) => (100 * share).toFixed(1);
  return [
    `${percent(accuracy)} %`,
    `${percent(wilson95[0])} to ${percent(wilson95[1])} %`,
    `${correct} of ${count}`,
    logLoss.toFixed(4),
  ];
}

/** Scores that count every class equally, however many images it has. */
export function balancedLine({ balancedAccuracy, macroF1 }: Pick<Score, 'balancedAccuracy' | 'macroF1'>): string {
  const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);
  return `balanced accuracy ${percent(balancedAccuracy)}, macro F1 ${percent(macroF1)}`;
}
