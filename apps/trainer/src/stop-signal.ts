/** How a command stops on request of its parent process, or after the parent has ended. */

/** Message to the parent: the command ends by itself after a stop request and must not be killed. */
export interface StopsItself {
  stopsItself: true;
}

let stop: ((cause: string) => void) | undefined;

/**
 * Ends the process with exit code 130 when the parent requests a stop or has ended, unless the command has called
 * {@link stopSignal}. Call it before a command starts.
 */
export function endOnStop(): void {
  // A terminal signals the whole process group; only the parent handles the signal.
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
 * An AbortSignal that aborts when the parent requests a stop or has ended. After this call, the command must end by itself.
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
