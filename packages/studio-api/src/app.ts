/** The HTTP interface of a studio, as a hono app. */
import { listDevices } from '@chorus/orchestration';
import { RequestError, requireOwnHost } from '@chorus/server/http';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { listFolder } from './data-sets/folders.ts';
import { errorAnswer } from './http/error-answer.ts';
import { requireOwnPage } from './http/own-page.ts';
import type { Devices } from './protocol/workspace.ts';
import { dataSetRoutes } from './routes/data-set-routes.ts';
import { comparisonRoutes, runRoutes } from './routes/run-routes.ts';
import type { Studio } from './studio.ts';

export interface StudioAppOptions {
  /** Folder of the built page, whose `index.html` is shown at `/`; without it, the app has only `/api`. */
  pages?: string | undefined;
  /** Receives errors that are not the user's, which are answered with status 500. */
  onError?: ((error: unknown) => void) | undefined;
}

export interface StudioApp extends Hono {
  /** Ends the streams of events, which would otherwise stay open. */
  endStreams(): void;
}

/**
 * Creates the app that answers requests for a studio, of pages of this machine only. It needs no socket: tests call `app.request`.
 *
 * @example
 * const studio = await Studio.open('workspace');
 * const app = createStudioApp(studio);
 * await app.request('/api/workspace');
 * await studio.close();
 */
export function createStudioApp(studio: Studio, { pages, onError = console.error }: StudioAppOptions = {}): StudioApp {
  const streams = new Set<() => void>();
  const app = new Hono();
  app.use(requireOwnHost);
  app.use('/api/*', requireOwnPage);
  // Reports have a policy of their own: their styles are in them, and they may be shown in a frame.
  app.get('/api/runs/:run/report.html', reportHeaders);
  app.get('/api/compare.html', reportHeaders);
  app.use(async (context, next) => (isReport(context.req.path) ? next() : pageHeaders(context, next)));
  app.get('/api/workspace', async ({ json }) => json(await studio.describe()));
  app.get('/api/devices', async ({ json }) => json({ devices: await listDevices() } satisfies Devices));
  app.get('/api/folders', async ({ req, json }) => json(await listFolder(studio.folder, req.query('path') ?? '.')));
  app.route('/api/data-sets', dataSetRoutes(studio));
  app.route('/api/runs', runRoutes(studio, streams));
  app.route('/api', comparisonRoutes(studio));
  if (pages !== undefined) app.get('*', cacheHeaders, serveStatic({ root: pages }));
  app.notFound(({ req }) =>
    errorAnswer(new RequestError(404, 'not_found', `There is no ${req.method} ${req.path}.`), onError),
  );
  app.onError((error, { req }) => {
    // The client has gone; nobody reads the answer.
    if (req.raw.signal.aborted) return new Response(null, { status: 499 });
    return errorAnswer(error, onError);
  });
  return Object.assign(app, {
    endStreams() {
      for (const end of [...streams]) end();
    },
  });
}

// --- internal ---

const self = "'self'";
const none = "'none'";

/** Only the studio's own files may run; pictures may also be data, such as heat maps, or come from a camera. */
const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    ...{ defaultSrc: [none], scriptSrc: [self], workerSrc: [self], styleSrc: [self], connectSrc: [self] },
    ...{ imgSrc: [self, 'data:', 'blob:'], mediaSrc: [self, 'blob:'], fontSrc: [self], frameSrc: [self] },
    ...{ manifestSrc: [self], baseUri: [none], formAction: [none], frameAncestors: [none] },
  },
  referrerPolicy: 'no-referrer',
  // The studio is reached by http only.
  strictTransportSecurity: false,
});

/** A run folder that came from elsewhere may have another page than the one that Chorus writes: no script of it may run here. */
const reportHeaders = secureHeaders({
  contentSecurityPolicy: {
    ...{ defaultSrc: [none], styleSrc: ["'unsafe-inline'"], imgSrc: ['data:'] },
    ...{ baseUri: [none], formAction: [none], frameAncestors: [self] },
  },
  xFrameOptions: 'SAMEORIGIN',
  referrerPolicy: 'no-referrer',
  strictTransportSecurity: false,
});

function isReport(path: string): boolean {
  return path.startsWith('/api/') && path.endsWith('.html');
}

/** The build gives files with a hash in their names, in `assets`; others may change with an update. */
const cacheHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const isForever = context.res.ok && context.req.path.startsWith('/assets/');
  context.header('Cache-Control', isForever ? 'public, max-age=31536000, immutable' : 'no-cache');
};
