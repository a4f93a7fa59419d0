import { constants } from 'node:os';
import type { IncidentKind } from './incident.ts';

/** How a child process ended, as its event `exit` reports it. */
export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** Signals by which faults of native code end a process; V8 ends with SIGTRAP or SIGABRT. */
const crashSignals: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGFPE'];

/**
 * Share of the heap limit above which an abort counts as an overflow of the heap. V8 reports an overflow only on the standard error. A run
 * needs far less, since pixels and features are not in this heap; the last heartbeat may be a second old.
 */
const fullHeapShare = 0.5;

/**
 * Why a process ended that nobody stopped.
 *
 * @param heapShare the last known size of the main thread's JavaScript heap, as a share of its limit.
 * @returns undefined for an exit by the program itself, and after a signal that does not mean a fault.
 */
export function classifyEnding(ending: Ending, heapShare: number): { kind: IncidentKind; ending: string } | undefined {
  const signal = signalOf(ending);
  if (signal === undefined) return undefined;
  if (signal === 'SIGKILL') return { kind: 'killed', ending: signal };
  if (!crashSignals.includes(signal)) return undefined;
  const isAbort = signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL';
  return { kind: isAbort && heapShare >= fullHeapShare ? 'heap-overflow' : 'crashed', ending: signal };
}

// --- internal ---

/** The signal that ended a process, or that a shell or container in between reports as 128 plus its number. */
function signalOf({ exitCode, signal }: Ending): NodeJS.Signals | undefined {
  if (signal !== null) return signal;
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => 128 + constants.signals[name] === exitCode);
}
