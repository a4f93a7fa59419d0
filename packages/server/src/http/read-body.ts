/** Reads the body of a request into memory, within limits. */
import { RequestError } from '../errors.ts';
import { busy } from '../model/image-service.ts';
import type { ByteBudget } from './byte-budget.ts';

export interface Body {
  bytes: Uint8Array<ArrayBuffer>;
  /** Gives its bytes back to the budget. */
  release(): void;
}

/**
 * Reads a body. A body whose header declares too many bytes is refused before it is read.
 *
 * @param options `maxBytes`: of this body; `budget`: of all bodies, counted as the bytes arrive, so that a slow client holds no
 * more than it has sent.
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
  const chunks: Uint8Array[] = [];
  let length = 0;
  const release = () => {
    budget.giveBack(length);
    length = 0;
  };
  try {
    for await (const chunk of chunksOf(request, signal)) {
      if (length + chunk.length > maxBytes) throw tooLarge('more');
      if (!budget.take(chunk.length)) {
        // At once: otherwise all bodies that arrive now would fail together.
        release();
        throw busy('The server has no memory for this body beside those of other requests.');
      }
      length += chunk.length;
      chunks.push(chunk);
    }
    return { bytes: concatenate(chunks, length), release };
  } catch (error) {
    release();
    throw error;
  }
}

// --- internal ---

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

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}
