import { expect, it, vi } from 'vitest';
import { type EventStream, eventStream } from './event-stream.ts';

/** A stream, its answer, and the function that is called at its end. */
function opened() {
  const onEnd = vi.fn();
  let stream: EventStream | undefined;
  const response = eventStream((one) => {
    stream = one;
    return onEnd;
  });
  return { response, onEnd, stream: stream! };
}

it('sends events with ids and names, as JSON on one line, and ends', async () => {
  const { response, onEnd, stream } = opened();
  stream.send({ text: 'two\nlines' }, 'snapshot');
  stream.send([1]);
  stream.end();
  stream.send('too late');
  expect(onEnd).toHaveBeenCalledOnce();
  expect(await response.text()).toBe('id: 0\nevent: snapshot\ndata: {"text":"two\\nlines"}\n\nid: 1\ndata: [1]\n\n');
});

it('stops when the client has gone', async () => {
  const { response, onEnd, stream } = opened();
  await response.body!.cancel();
  expect(onEnd).toHaveBeenCalledOnce();
  stream.send('nobody reads it');
  stream.end();
  expect(onEnd).toHaveBeenCalledOnce();
});

it('drops a client that does not read, after a bounded number of bytes', async () => {
  const { response, onEnd, stream } = opened();
  const megabyte = 'x'.repeat(2 ** 20);
  for (let count = 0; count < 20; count += 1) stream.send(megabyte);
  expect(onEnd).toHaveBeenCalledOnce();
  expect((await response.text()).length).toBeLessThan(5 * 2 ** 20);
});

it('stops what has ended its stream at once', () => {
  const onEnd = vi.fn();
  eventStream((stream) => {
    stream.end();
    return onEnd;
  });
  expect(onEnd).toHaveBeenCalledOnce();
});

it('shows that it is alive', async () => {
  vi.useFakeTimers();
  try {
    const { response, stream } = opened();
    await vi.advanceTimersByTimeAsync(15_000);
    stream.end();
    expect(await response.text()).toBe(':\n\n');
  } finally {
    vi.useRealTimers();
  }
});
