/** What a command does when its parent asks it to stop, or has exited. */

/** Sent to the parent: the command stops on its own and must not be killed meanwhile. */
export interface StopsItself {
  stopsItself: true;
}

let stop: ((cause: string) => void) | undefined;

/**
 * Exits with 130 when the parent asks to stop or has exited, unless the command has called {@link stopSignal}. Call it
 * before a command starts.
 */
export function endOnStop(): void {
  // A terminal signals the whole process group; only the parent reacts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const onStop = (cause: string) => {
    if (stop !== undefined) stop(cause);
    // Handlers of `exit` release locks and remove temporary files.
    else process.exit(130);
  };
  process.on('message', (message: { stop?: string }) => {
    if (message.stop !== undefined) onStop(message.stop);
  });
  process.on('disconnect', () => onStop('its parent ended'));
}

/**
 * An AbortSignal that is aborted when the parent asks to stop or has exited. From this call on, the command stops on its own.
 *
 * @param onStop called once, with the signal's name or the reason.
 */
export function stopSignal(onStop: (cause: string) => void): AbortSignal {
  const controller = new AbortController();
  stop = (cause) => {
    if (controller.signal.aborted) return;
    onStop(cause);
    controller.abort();
  };
  const message: StopsItself = { stopsItself: true };
  process.send?.(message);
  return controller.signal;
}
