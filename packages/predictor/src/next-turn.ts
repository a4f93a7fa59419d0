/**
 * Waits for the next turn of the event loop. Engines compute within a call, so without it, nothing else would run between two
 * networks: no timer, no request, no frame of a page.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Timers would wait for milliseconds.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
