/** What all routes that classify do with the body of their request. */
import type { ImageService } from '../model/image-service.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { RequestLimits } from './limits.ts';
import { readBody } from './read-body.ts';
import { withinTime } from './within-time.ts';

/** What the routes of an app share. */
export interface RouteContext {
  service: ImageService;
  limits: RequestLimits;
  budget: ByteBudget;
}

/**
 * Reads a body within the limits and works with it; its bytes count as taken until the work ends.
 *
 * @throws RequestError for a request that is refused; the work's error.
 */
export async function withBody(
  request: Request,
  { service, limits, budget }: RouteContext,
  work: (bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  service.requireRunning();
  // Before the body is read: it would be in memory in vain.
  service.requireRoom(1);
  return withinTime(request.signal, limits.answerTimeoutMs, async (signal) => {
    const body = await readBody(request, { maxBytes: limits.maxBodyBytes, budget, signal });
    try {
      return await work(body.bytes, signal);
    } finally {
      body.release();
    }
  });
}
