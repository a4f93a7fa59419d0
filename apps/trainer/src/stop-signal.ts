/** What a command does on a signal, when its parent asks it to stop, or when its parent has exited. */
import {
  killAtLast,
  type LastResort,
  type StopSignal,
  signalExitCode,
  stopGraceMs,
  stopSignals,
} from '@chorus/orchestration/supervisor';

/** The messages of a command to its parent. */
export type FromCommand =
  /** The command stops on its own, and must not be killed for so long after a signal. */
  | { kind: 'stops-itself'; graceMs: number }
  /** A signal has reached the command. */
  | { kind: 'stopping'; signal: StopSignal };

/** Why the command stops: a signal, or the end of its parent. */
type Cause = StopSignal | 'its parent ended';

let stoppedBy: Cause | undefined;
let stop: ((cause: Cause) => void) | undefined;
let lastResort: LastResort;

/**
 * Exits on a signal, when the parent asks to stop, or when it has exited, unless the command has called {@link stopSignal}. Call it
 * before a command starts.
 */
export function endOnStop(): void {
  // Before the rest of the program, which may hold the main thread.
  lastResort = killAtLast();
  let signalCount = 0;
  for (const signal of stopSignals)
    process.on(signal, () => {
      signalCount += 1;
      if (signalCount > 1) process.kill(process.pid, 'SIGKILL');
      send({ kind: 'stopping', signal });
      onStop(signal);
    });
  process.on('message', (message: { stop?: StopSignal }) => {
    if (message.stop !== undefined) onStop(message.stop);
  });
  process.on('disconnect', () => onStop('its parent ended'));
}

/** The exit code of a command that was stopped. */
export function stopExitCode(): number {
  return signalExitCode(stoppedBy === undefined || stoppedBy === 'its parent ended' ? 'SIGINT' : stoppedBy);
}

/**
 * An AbortSignal that is aborted on a signal, when the parent asks to stop, or when it has exited. From this call on, the command stops
 * on its own; it is killed if that takes longer than the grace period.
 *
 * @param onStop called once, with the signal's name or the reason.
 */
export function stopSignal(onStop: (cause: string) => void, { graceMs = stopGraceMs } = {}): AbortSignal {
  const controller = new AbortController();
  lastResort.allow(graceMs);
  stop = (cause) => {
    lastResort.stopRequested();
    onStop(cause);
    controller.abort();
  };
  send({ kind: 'stops-itself', graceMs });
  return controller.signal;
}

// --- internal ---

/** Acts once: a terminal signals the whole process group, and the parent passes its signal on. */
function onStop(cause: Cause): void {
  if (stoppedBy !== undefined) return;
  stoppedBy = cause;
  if (stop !== undefined) {
    stop(cause);
    return;
  }
  // Node.js waits for native calls of other threads at an exit, and there is no parent that would kill this process.
  if (cause === 'its parent ended') process.on('exit', () => process.kill(process.pid, 'SIGKILL'));
  // Handlers of `exit` release locks and remove temporary files.
  process.exit(stopExitCode());
}

function send(message: FromCommand): void {
  if (process.connected) process.send!(message, () => {});
}
