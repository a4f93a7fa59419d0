/** An AbortSignal that goes up when the parent asks to stop, or is gone. */
export function stopSignal(onStop: (cause: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (cause: string) => {
    if (controller.signal.aborted) return;
    onStop(cause);
    controller.abort();
  };
  // A terminal signals the whole process group; the parent alone decides what it means.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('message', (message: { stop?: string }) => {
    if (message.stop !== undefined) stop(message.stop);
  });
  process.on('disconnect', () => stop('its parent ended'));
  return controller.signal;
}
