import { RequestError } from '@chorus/server/http';
import type { MiddlewareHandler } from 'hono';

/**
 * Refuses requests from pages of other origins, also from other servers of this machine; programs that are no browsers send
 * neither of the two headers.
 */
export const requireOwnPage: MiddlewareHandler = async ({ req }, next) => {
  const site = req.header('Sec-Fetch-Site');
  const origin = req.header('Origin');
  const isOwn =
    (site === undefined || site === 'same-origin' || site === 'none') &&
    (origin === undefined || origin === new URL(req.url).origin);
  if (!isOwn)
    throw new RequestError(
      403,
      'wrong_host',
      `Expected a request from the studio's own page, received one from ${JSON.stringify((origin ?? site ?? '').slice(0, 80))}.`,
    );
  await next();
};
