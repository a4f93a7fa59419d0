import type { Report } from '@chorus/orchestration';
import { printable } from './printable.ts';

type Entry = Report['dataset']['skipped'][number];

export interface UnusedEntries {
  skipped: readonly Entry[];
  hidden: { count: number; paths: readonly string[] };
  /** Images left out by `data.limitPerClass`. */
  beyondLimit: number;
}

const shownPaths = 3;

/**
 * What of a data folder is not used: a line per reason with its count and the first paths, one for hidden entries.
 *
 * @param where the full list is, in words.
 */
export function unusedEntries({ skipped, hidden, beyondLimit }: UnusedEntries, where: string): string[] {
  const groups = new Map<string, string[]>();
  for (const entry of skipped) {
    const reason = groupReason(entry);
    const paths = groups.get(reason);
    if (paths === undefined) groups.set(reason, [entry.path]);
    else paths.push(entry.path);
  }
  const lines = [...groups]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([reason, paths]) => `  ${paths.length} × ${printable(reason)}: ${examples(paths, paths.length)}`);
  return [
    ...(skipped.length === 0 ? [] : [`not used: ${entries(skipped.length)}; ${where}`]),
    ...lines,
    ...(hidden.count === 0 ? [] : [`hidden: ${entries(hidden.count)} (${examples(hidden.paths, hidden.count)})`]),
    ...(beyondLimit === 0 ? [] : [`left out by data.limitPerClass: ${beyondLimit} images`]),
  ];
}

// --- internal ---

/** A repeat names what it repeats, which would make a group of each. */
function groupReason({ kind, reason }: Entry): string {
  if (kind === 'repeat') return 'listed elsewhere already';
  return kind === 'outside' ? `${reason} (--follow-links follows it)` : reason;
}

function examples(paths: readonly string[], count: number): string {
  const shown = paths.slice(0, shownPaths).map(printable).join(', ');
  return count > shownPaths ? `${shown}, …` : shown;
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
