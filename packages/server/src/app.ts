/** The HTTP interface, as a hono app. */
import { Hono } from 'hono';
import { RequestError } from './errors.ts';
import { requireOwnHost, requireToken } from './http/access.ts';
import { ByteBudget } from './http/byte-budget.ts';
import { classifyRoute } from './http/classify-route.ts';
import { type RequestLimits, requestLimits } from './http/limits.ts';
import { inferenceHealthRoutes, inferenceRoutes } from './inference/inference-routes.ts';
import { Metrics } from './metrics.ts';
import type { ImageService } from './model/image-service.ts';
import { pageRoutes } from './page/page-routes.ts';

export interface ServerAppOptions {
  /** Required of every request that classifies; by default none. */
  token?: string | undefined;
  /**
   * Refuses requests for hosts other than this machine and from pages of other sites: for a server without a token that listens
   * on loopback.
   */
  ownHostOnly?: boolean | undefined;
  limits?: { [Name in keyof RequestLimits]?: number | undefined } | undefined;
  /** Receives errors that are not the client's, which are answered with status 500. */
  onError?: ((error: unknown) => void) | undefined;
}

/**
 * Creates the app that answers requests with a service. It needs no socket: another hono app can mount it with `route`, and tests
 * call `app.request`.
 *
 * @throws ServerError for an invalid limit.
 * @example
 * const app = createServerApp(service, { token: 'secret' });
 * await app.request('/healthz');
 */
export function createServerApp(
  service: ImageService,
  { token, ownHostOnly = false, limits: given = {}, onError = console.error }: ServerAppOptions = {},
): Hono {
  const limits = requestLimits(given);
  const budget = new ByteBudget(limits.maxBufferedBytes);
  const metrics = new Metrics(service, budget);
  const route = { service, limits, budget };
  const app = new Hono();
  app.use(metrics.middleware);
  app.use(async (context, next) => {
    await next();
    // Otherwise, a connection would stay open after its last answer.
    if (service.isStopping) context.header('Connection', 'close');
  });
  if (ownHostOnly) app.use(requireOwnHost);
  app.get('/healthz', (context) => {
    const { isReady, isStopping, pendingCount: pending } = service;
    const status = isReady ? 'ok' : isStopping ? 'stopping' : 'restarting';
    return context.json({ status, pending }, isReady ? 200 : 503);
  });
  app.route('/', inferenceHealthRoutes(service));
  app.route('/', pageRoutes(service, { limits, needsToken: token !== undefined }));
  // The routes below require the token.
  if (token !== undefined) app.use(requireToken(token));
  app.get('/metrics', async (context) => {
    const { text, contentType } = await metrics.read();
    return context.body(text, 200, { 'Content-Type': contentType });
  });
  app.route('/', inferenceRoutes(route));
  app.post('/classify', (context) => classifyRoute(context, route));
  app.all('/classify', ({ req }) => {
    throw new RequestError(405, 'method_not_allowed', `Expected POST, received ${req.method}.`, { Allow: 'POST' });
  });
  app.notFound(({ req }) =>
    errorResponse(new RequestError(404, 'not_found', `There is no ${req.method} ${req.path}.`)),
  );
  app.onError((error, { req }) => {
    if (error instanceof RequestError) return errorResponse(error);
    // The client has gone; nobody reads the answer.
    if (req.raw.signal.aborted) return new Response(null, { status: 499 });
    onError(error);
    return errorResponse(new RequestError(500, 'internal', 'The server failed; its log has the reason.'));
  });
  return app;
}

// --- internal ---

function errorResponse({ status, message, code, headers }: RequestError): Response {
  return Response.json({ error: message, code }, { status, headers });
}
