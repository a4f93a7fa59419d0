import { constants } from 'node:os';

/** Signals that stop a command, which then ends with a checkpoint if it is a run. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof stopSignals)[number];

/** The exit code by which shells report a process that a signal ended: 128 plus the signal's number. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
