/** Who may use the server. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { RequestError } from '../errors.ts';

/** Requires `Authorization: Bearer <token>`. The time of the comparison depends neither on the token nor on what was received. */
export function requireToken(token: string): MiddlewareHandler {
  const expected = sha256(token);
  return async (context, next) => {
    const [, received] = /^Bearer +([^ ]+) *$/i.exec(context.req.header('Authorization') ?? '') ?? [];
    if (received === undefined || !timingSafeEqual(sha256(received), expected))
      throw new RequestError(
        401,
        'unauthorized',
        `Expected the header "Authorization: Bearer <token>" with the server's token, received ${received === undefined ? 'none' : 'another token'}.`,
        { 'WWW-Authenticate': received === undefined ? 'Bearer' : 'Bearer error="invalid_token"' },
      );
    await next();
  };
}

/**
 * Requires a name of this machine as host, and no page of another site as the sender. Without it, a page on the internet could
 * use a server that is meant for this machine only: a browser sends its requests, and a host name may lead to any address
 * (DNS rebinding).
 */
export const requireOwnHost: MiddlewareHandler = async (context, next) => {
  const { hostname } = new URL(context.req.url);
  if (!isLoopbackName(hostname))
    throw new RequestError(
      403,
      'wrong_host',
      `Expected the host localhost, 127.0.0.1 or [::1], received ${JSON.stringify(hostname.slice(0, 80))}.`,
    );
  const origin = context.req.header('Origin');
  if (origin !== undefined && !isLoopbackOrigin(origin))
    throw new RequestError(
      403,
      'wrong_host',
      `Expected a request from a page of this machine, received one from ${JSON.stringify(origin.slice(0, 80))}.`,
    );
  await next();
};

/** @param name a host name or an address; of IPv6, with or without brackets. */
export function isLoopbackName(name: string): boolean {
  return /^(localhost|[^:]+\.localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(name);
}

// --- internal ---

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackName(new URL(origin).hostname);
}

/** Of equal length for any text. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
