import type { Report } from '@chorus/orchestration';
import { printable } from './printable.ts';

/** Longer lists are cut to the smallest and the largest class. */
const mostClasses = 8;

/** Whether a run treats classes as equally frequent. */
export function balancesClasses(imbalance: Report['imbalance']): imbalance is NonNullable<Report['imbalance']> {
  return imbalance !== null && imbalance.remedy.kind !== 'none';
}

/** The number of training images of each class, and what is done if they differ much. */
export function imbalanceLine({ classes, ratio, remedy, reason }: NonNullable<Report['imbalance']>): string {
  const sorted = classes.toSorted((a, b) => b.count - a.count);
  const named = (some: typeof classes) => some.map(({ name, count }) => `${printable(name)} ${count}`);
  const counts =
    classes.length <= mostClasses
      ? named(sorted).join(', ')
      : `${named(sorted.slice(0, 1))} to ${named(sorted.slice(-1))} in ${classes.length} classes`;
  return `training images per class: ${counts} (${ratio.toFixed(1)} : 1); imbalance: ${remedy.kind}, because ${reason}`;
}
