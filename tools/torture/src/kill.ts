/** When and how a run is killed. */

/** System calls by which a run changes its folder. */
export const systemCalls = ['rename', 'fsync', 'write', 'openat', 'mkdir', 'unlink', 'rmdir', 'link'] as const;

export type Kill =
  /**
   * At a moment, in milliseconds since the command started: all its processes, the parent alone, the child alone, which the parent
   * starts again, the processes of isolated lanes, which the child starts again, or by a signal that asks the run to stop.
   */
  | { kind: 'all' | 'parent' | 'child' | 'lanes' | 'stop'; afterMs: number }
  /** When a thread makes a system call for the nth time, before it is carried out. */
  | { kind: 'call'; call: (typeof systemCalls)[number]; occurrence: number };

/**
 * Draws a kill.
 *
 * @param uniform gives numbers from 0 to 1 (exclusive).
 * @param options `lastingMs`: how long an undisturbed run takes; `canTrace`: whether system calls can be traced; `isIsolated`: whether lanes
 * are processes.
 */
export function drawKill(
  uniform: () => number,
  { lastingMs, canTrace, isIsolated = false }: { lastingMs: number; canTrace: boolean; isIsolated?: boolean },
): Kill {
  const kinds = [
    ...(['all', 'parent', 'child', 'stop'] as const),
    // A call would end each new process of a lane, until its training fails.
    ...(canTrace && !isIsolated ? (['call', 'call', 'call'] as const) : []),
    ...(isIsolated ? (['lanes', 'lanes'] as const) : []),
  ];
  const kind = kinds[Math.floor(uniform() * kinds.length)]!;
  // Early more often than late: a resumed run takes less time.
  if (kind !== 'call') return { kind, afterMs: Math.floor(uniform() ** 2 * lastingMs) };
  const call = systemCalls[Math.floor(uniform() * systemCalls.length)]!;
  // The first ones are as likely as the many later ones.
  return { kind, call, occurrence: Math.floor(mostOccurrences[call] ** uniform()) };
}

export function titleOf(kill: Kill): string {
  return kill.kind === 'call'
    ? `at ${kill.call} ${kill.occurrence} of a thread`
    : `${titles[kill.kind]} after ${kill.afterMs} ms`;
}

// --- internal ---

const titles = {
  ...{ all: 'all processes', parent: 'the parent', child: 'the child', lanes: 'the lanes' },
  stop: 'asked to stop',
};

/** About as many as the busiest thread of an undisturbed run makes. */
const mostOccurrences: Record<(typeof systemCalls)[number], number> = {
  rename: 12,
  fsync: 40,
  write: 800,
  openat: 1500,
  mkdir: 30,
  unlink: 12,
  rmdir: 12,
  link: 3,
};
