import { RequestError } from '../errors.ts';

/**
 * Runs the work of a request with a time limit.
 *
 * @param client is aborted when the client has gone.
 * @param work receives a signal that is aborted when the client has gone, or the time is over.
 * @throws the work's error; the signal's reason, a RequestError when the time is over.
 */
export async function withinTime<Result>(
  client: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(timeoutMs)), timeoutMs);
  try {
    return await work(AbortSignal.any([client, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

// --- internal ---

function tooLate(timeoutMs: number): RequestError {
  return new RequestError(503, 'timeout', `Expected to receive and answer the request within ${timeoutMs} ms.`, {
    'Retry-After': '1',
  });
}
