/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** Bytes that wait for a client; one that is further behind is dropped, and may connect again. */
const maxWaitingBytes = 4 * 2 ** 20;
/** How often a stream without events shows that it is alive, milliseconds: proxies and clients end silent ones. */
const heartbeatMs = 15_000;

export interface EventStream {
  /** Sends an event, whose data is written as JSON. @param name by default `message`. */
  send(data: unknown, name?: string): void;
  /** Ends the stream after what was sent. */
  end(): void;
}

/**
 * Answers a request with events.
 *
 * @param start receives the stream; the function that it returns is called once, when the stream has ended for any reason.
 */
export function eventStream(start: (stream: EventStream) => () => void): Response {
  const encoder = new TextEncoder();
  let id = 0;
  let finish = () => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true;
        let stop: (() => void) | undefined;
        const write = (text: string) => {
          if (!isOpen) return;
          controller.enqueue(encoder.encode(text));
          if (controller.desiredSize! <= 0) end();
        };
        const heartbeat = setInterval(() => write(':\n\n'), heartbeatMs);
        finish = () => {
          isOpen = false;
          clearInterval(heartbeat);
          stop?.();
          stop = undefined;
        };
        const end = () => {
          if (!isOpen) return;
          finish();
          controller.close();
        };
        const begun = start({
          send(data, name) {
            write(`id: ${id}\n${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
            id += 1;
          },
          end,
        });
        // The stream may have ended already.
        if (isOpen) stop = begun;
        else begun();
      },
      cancel: () => finish(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }),
  );
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' },
  });
}
