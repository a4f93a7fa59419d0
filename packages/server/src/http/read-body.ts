/** Reads the body of a request into memory, within limits. */
import { busy, RequestError } from '../errors.ts';
import type { ByteBudget } from './byte-budget.ts';

export interface Body {
  bytes: Uint8Array<ArrayBuffer>;
  /** Gives its bytes back to the budget. */
  release(): void;
}

/**
 * Reads a body into one buffer, which grows: the chunks may be as small as a byte, and take much more memory than their content.
 * A body whose header declares too many bytes is refused before it is read.
 *
 * @param options `maxBytes`: of this body; `budget`: of all bodies, of which the capacity of the buffer is taken. It grows as the
 * bytes arrive, so that a slow client holds at most about twice what it has sent.
 * @returns the body; the caller releases it.
 * @throws RequestError for a body that is too large, or that the budget has no room for; the signal's reason.
 */
export async function readBody(
  request: Request,
  { maxBytes, budget, signal }: { maxBytes: number; budget: ByteBudget; signal: AbortSignal },
): Promise<Body> {
  const tooLarge = (received: string) =>
    new RequestError(413, 'too_large', `Expected a body of at most ${maxBytes} bytes, received ${received}.`, {
      Connection: 'close',
    });
  const declared = Number(request.headers.get('Content-Length') ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(String(declared));
  const expected = Math.min(Number.isNaN(declared) ? maxBytes : declared, maxBytes);
  let buffer = new Uint8Array(0);
  let length = 0;
  let chunkCount = 0;
  // Not the length of the buffer: it is 0 once the buffer has been transferred to a thread.
  let capacity = 0;
  const release = () => {
    budget.giveBack(capacity);
    capacity = 0;
  };
  const grow = (needed: number) => {
    const next = Math.max(needed, Math.min(expected, Math.max(2 * capacity, firstCapacity)));
    // Both buffers are in memory while the content is copied.
    if (!budget.take(next)) {
      // At once: otherwise all bodies that arrive now would fail together.
      release();
      throw busy('The server has no memory for this body beside those of other requests.');
    }
    const larger = new Uint8Array(next);
    larger.set(buffer.subarray(0, length));
    release();
    buffer = larger;
    capacity = next;
  };
  try {
    for await (const chunk of chunksOf(request, signal)) {
      if (length + chunk.length > maxBytes) throw tooLarge('more');
      chunkCount += 1;
      if (chunkCount > mostSmallChunks && length < chunkCount * fewestChunkBytes)
        throw new RequestError(
          400,
          'bad_request',
          `Expected a body in chunks of at least ${fewestChunkBytes} bytes on average, received ${chunkCount} chunks with ${length} bytes.`,
          { Connection: 'close' },
        );
      if (length + chunk.length > capacity) grow(length + chunk.length);
      buffer.set(chunk, length);
      length += chunk.length;
    }
    return { bytes: buffer.subarray(0, length), release };
  } catch (error) {
    release();
    throw error;
  }
}

// --- internal ---

const firstCapacity = 4096;

/** Each chunk takes time, however small it is: a body of many tiny ones would keep the server from answering others. */
const [mostSmallChunks, fewestChunkBytes] = [4096, 16];

/**
 * Yields what arrives. A body that is not read to its end is left to the server, which sends the answer before it closes the
 * connection; cancelling the stream would close it at once.
 */
async function* chunksOf({ body }: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  // Ends a pending read.
  const stop = () => reader.releaseLock();
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch {
    if (signal.reason instanceof RequestError)
      throw new RequestError(408, 'timeout', signal.reason.message, { Connection: 'close' });
    signal.throwIfAborted();
    throw new RequestError(400, 'bad_request', 'Expected a complete body; the connection was closed before its end.', {
      Connection: 'close',
    });
  } finally {
    signal.removeEventListener('abort', stop);
    reader.releaseLock();
  }
}
