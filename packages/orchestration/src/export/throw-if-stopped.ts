import { StoppedError } from '@chorus/training';

/** @throws StoppedError after the signal, as long as the output folder has not been published. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoppedError('Stopped; nothing was written.');
}
