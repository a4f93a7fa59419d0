/**
 * How signals stop a command's process. After the first one, a command that can stops after the current batch, within its time of
 * grace; others are killed after a second. After the second one, the process is killed: its `process.exit` would wait for threads inside
 * native calls.
 */
import type { ChildProcess } from 'node:child_process';
import { type StopSignal, signalExitCode, stopSignals } from '@chorus/orchestration/supervisor';
import type { FromCommand } from '../stop-signal.ts';

/** Time of grace of commands that cannot stop early: a native call may return meanwhile, and the command exit normally. */
const shortGraceMs = 1000;

export class Stopping {
  #child: ChildProcess | undefined;
  #graceMs = shortGraceMs;
  #signalCount = 0;
  #stoppedBy: StopSignal | undefined;

  /** Handles the signals of this process from now on. */
  constructor() {
    for (const signal of stopSignals) process.on(signal, () => this.#onSignal(signal));
  }

  /** The first signal, of this process or of the child. */
  get stoppedBy(): StopSignal | undefined {
    return this.#stoppedBy;
  }

  /** Passes signals on to a child; an earlier one has ended. */
  follow(child: ChildProcess): void {
    this.#child = child;
    this.#graceMs = shortGraceMs;
    child.on('message', (message: FromCommand) => {
      if (message.kind === 'stops-itself') this.#graceMs = message.graceMs;
      if (message.kind === 'stopping') this.#stop(message.signal);
    });
  }

  /** The exit code of this process after that of a child has ended. */
  exitCode({ exitCode, signal }: { exitCode: number | null; signal: NodeJS.Signals | null }): number {
    if (signal === null) return exitCode ?? 1;
    return signalExitCode(this.#stoppedBy ?? signal);
  }

  #onSignal(signal: StopSignal): void {
    this.#signalCount += 1;
    this.#stop(signal);
    // The signal may have reached this process alone or the whole group; the child stops once, whichever comes first.
    if (this.#signalCount === 1 && this.#child?.connected) this.#child.send({ stop: signal }, () => {});
    else this.#kill();
  }

  #stop(signal: StopSignal): void {
    if (this.#stoppedBy !== undefined) return;
    this.#stoppedBy = signal;
    setTimeout(() => {
      // Known by now: the command may have been about to say so.
      const leftMs = this.#graceMs - shortGraceMs;
      if (leftMs <= 0) this.#kill();
      else setTimeout(() => this.#kill(), leftMs);
    }, shortGraceMs);
  }

  #kill(): void {
    this.#child?.kill('SIGKILL');
  }
}
