import { StopFlag } from '@chorus/training';

/**
 * A stop flag that an abort signal raises.
 *
 * @returns the flag, raised already if the signal has aborted, and a function that stops listening to the signal.
 */
export function stopOn(signal: AbortSignal | undefined): { stop: StopFlag; unlisten(): void } {
  const stop = new StopFlag();
  const onAbort = () => stop.raise();
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) stop.raise();
  return { stop, unlisten: () => signal?.removeEventListener('abort', onAbort) };
}
