/** The pages and their files; everything comes from this server, and nothing else may run. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { RequestLimits } from '../http/limits.ts';
import type { ImageService } from '../model/image-service.ts';
import { apiPage } from './api-page.ts';
import { dropPage } from './drop-page.ts';
import { apiDocument } from './openapi.ts';
import { style } from './style.ts';

export function pageRoutes(service: ImageService, options: { limits: RequestLimits; needsToken: boolean }): Hono {
  // The compiled file, the same one for `src` (tests) and `dist`.
  const script = readFileSync(createRequire(import.meta.url).resolve('#drop-page-script'), 'utf8');
  const document = apiDocument(options);
  const app = new Hono();
  const headers = secureHeaders({
    contentSecurityPolicy: {
      ...{
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ['blob:', 'data:'],
      },
      ...{ baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: 'no-referrer',
    // The server may be reached by http only.
    strictTransportSecurity: false,
  });
  app.get('/', headers, (context) => {
    const { path } = context.req;
    // In another app, the page may be at /name, and its files in /name/.
    const last = path.slice(path.lastIndexOf('/') + 1);
    return context.html(dropPage(options.needsToken ? undefined : service.model, last === '' ? '' : `${last}/`));
  });
  app.get('/docs', headers, (context) => context.html(apiPage(document)));
  app.get('/openapi.json', (context) => context.json(document));
  app.get('/style.css', (context) => context.body(style, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
  app.get('/drop-page.js', (context) =>
    context.body(script, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  );
  return app;
}
