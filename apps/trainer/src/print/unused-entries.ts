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
 * The entries of a data folder that are not used: one line per reason with its count and the first paths, and one for hidden entries.
 *
 * @param where says where the full list is.
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

/** The reason of a repeat names the other entry: each would be a group of its own. */
function groupReason({ kind, reason }: Entry): string {
  if (kind === 'repeat') return 'already listed under another path';
  return kind === 'outside' ? `${reason} (--follow-links follows it)` : reason;
}

function examples(paths: readonly string[], count: number): string {
  const shown = paths.slice(0, shownPaths).map(printable).join(', ');
  return count > shownPaths ? `${shown}, …` : shown;
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
