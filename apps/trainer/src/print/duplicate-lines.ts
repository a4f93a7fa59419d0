import type { Report } from '@chorus/orchestration';
import { printable } from './printable.ts';

const shownCount = 5;

/**
 * Pictures that a data set has more than once: a line with their counts, and the first few of them. Pictures with several labels
 * come first, then those on both sides of the split.
 *
 * @returns no line if there are none.
 */
export function duplicateLines({
  duplicates,
  duplicatesComplete,
}: Pick<Report['dataset'], 'duplicates' | 'duplicatesComplete'>): string[] {
  const incomplete = duplicatesComplete ? [] : ['Many images look alike; not all of them could be compared.'];
  if (duplicates.length === 0) return incomplete;
  return [
    `${duplicateCounts(duplicates)}:`,
    ...duplicates.toSorted(worstFirst).slice(0, shownCount).map(duplicateLine),
    ...(duplicates.length > shownCount
      ? [`  … and ${duplicates.length - shownCount} more; see dataset.duplicates in the report`]
      : []),
    ...incomplete,
  ];
}

/** Such as "warning: 3 pictures appear more than once (2 under several labels, 1 in several sets of the split)". */
export function duplicateCounts(duplicates: Report['dataset']['duplicates']): string {
  const contradictions = duplicates.filter(({ labels }) => labels.length > 1).length;
  const straddling = duplicates.filter(({ splits }) => splits.length > 1).length;
  const leftOut = duplicates.reduce((sum, one) => sum + one.leftOut.length, 0);
  const parts = [
    ...(contradictions === 0 ? [] : [`${contradictions} under several labels`]),
    ...(straddling === 0 ? [] : [`${straddling} in several sets of the split`]),
    ...(leftOut === 0 ? [] : [`${leftOut} copies left out`]),
  ];
  const isWarning = contradictions > 0 || straddling > 0;
  const count = duplicates.length === 1 ? '1 picture appears' : `${duplicates.length} pictures appear`;
  return `${isWarning ? 'warning: ' : ''}${count} more than once${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}

// --- internal ---

type Duplicate = Report['dataset']['duplicates'][number];

function worstFirst(a: Duplicate, b: Duplicate): number {
  return b.labels.length - a.labels.length || b.splits.length - a.splits.length;
}

function duplicateLine({ paths, labels, splits, action }: Duplicate): string {
  const shown = paths.slice(0, 3).map(printable).join(' = ');
  const others = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
  const notes = [
    ...(labels.length > 1 ? [`labels ${labels.map(printable).join(', ')}`] : []),
    ...(splits.length > 1 ? [`in ${splits.join(', ')}`] : []),
    { reported: 'left as they are', grouped: 'kept together', dropped: 'copies left out' }[action],
  ];
  return `  ${shown}${others}: ${notes.join('; ')}`;
}
