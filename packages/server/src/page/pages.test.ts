import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { savePicture } from '../../../../pictures.fixture.ts';
import { smoothFile, writePets } from '../../../predictor/src/bundles.fixture.ts';
import { createServerApp, type ImageService, openService, type RunningServer, serveBundle } from '../index.ts';

let parent: string;
let server: RunningServer;
let service: ImageService;
const token = 'secret';

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-pages-test-'));
  await writePets(join(parent, 'pets'));
  const small = { workers: 1, student: true } as const;
  server = await serveBundle(join(parent, 'pets'), { ...small, port: 0, token });
  service = await openService(join(parent, 'pets'), small);
});
afterAll(async () => {
  await server?.stop();
  await service?.close();
  await rm(parent, { recursive: true, force: true });
});

describe('GET /openapi.json', () => {
  it('describes every route of the app', async () => {
    const app = createServerApp(service);
    const document = (await (await app.request('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const pages = ['/', '/docs', '/openapi.json', '/style.css', '/drop-page.js'];
    const routes = app.routes
      .filter(({ path, method }) => method !== 'ALL' && !pages.includes(path))
      .map(({ path, method }) => `${method} ${path}`);
    expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
    expect(document.paths['/v2/models/{name}/infer']!.post!.responses).toHaveProperty('404');
    // A key without a value would be lost.
    expect(document.paths['/classify']!.post!.responses).toHaveProperty('429');
  });
});

describe('GET /openapi.json of a server with a token', () => {
  it('says where the token is required', async () => {
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { responses }] of Object.entries(methods)) {
        const { status } = await fetch(server.url + path, { method: method.toUpperCase() });
        expect(Object.hasOwn(responses, '401'), `${method} ${path}`).toBe(status === 401);
      }
  });
});

describe('GET /metrics', () => {
  it('counts requests by route, images and batches, and has the bundle in use', async () => {
    const app = createServerApp(service);
    const body = await smoothFile('jpeg', 1);
    for (const [content, path] of [
      [body, '/classify'],
      [new Uint8Array([1]), '/classify'],
      [body, '/other/1'],
    ] as const)
      await app.request(path, { method: 'POST', body: content, headers: { 'Content-Type': 'image/jpeg' } });
    const response = await app.request('/metrics');
    expect(response.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    for (const line of [
      'chorus_requests_total{route="/classify",status="200"} 1',
      'chorus_requests_total{route="/classify",status="422"} 1',
      'chorus_requests_total{route="other",status="404"} 1',
      'chorus_request_seconds_count{route="/classify"} 2',
      'chorus_images_total{outcome="classified"} 1',
      'chorus_images_total{outcome="unusable"} 1',
      'chorus_batches_total 1',
      'chorus_pending_images 0',
      'chorus_body_bytes 0',
      `chorus_model_info{name="lively",version="${service.model.version}",backend="onnxruntime"} 1`,
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
  });
});

const program = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';
const hasChromium = existsSync(program);
if (!hasChromium) console.warn(`no browser at ${program}: the tests of the pages in a browser are skipped`);

describe.skipIf(!hasChromium)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  it.each([
    ['light', 1280],
    ['dark', 390],
    ['light', 390],
    ['dark', 1280],
    ['light', 768],
    ['dark', 768],
  ] as const)('classifies dropped images, %s, %i px', async (colorScheme, width) => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    const problems: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
    page.on('pageerror', (error) => void problems.push(error.message));
    await page.goto(server.url);
    // Without a token, it does not show what the server classifies.
    expect(await page.content()).not.toMatch(/lively|dogs/);
    await page.getByLabel('Token').fill(token);
    const file = async (name: string, seed: number) => {
      const buffer = Buffer.from(await smoothFile('jpeg', seed));
      return { name, mimeType: 'image/jpeg', buffer };
    };
    const broken = { name: '<b>broken.png', mimeType: 'image/png', buffer: Buffer.from('no image') };
    const input = page.getByLabel('Choose images');
    await input.setInputFiles([await file('one.jpg', 1), await file('two.jpg', 3)]);
    await page.getByText('2 images', { exact: true }).waitFor();
    expect(problems).toEqual([]);
    await input.setInputFiles([broken]);
    await page.getByText('3 images', { exact: true }).waitFor();
    const texts = await page.getByRole('listitem').allInnerTexts();
    expect(texts).toHaveLength(3);
    expect(texts[0]).toMatch(/<b>broken\.png\s+The image cannot be used: not an? /);
    expect(texts[1]).toMatch(/^two\.jpg\s+(cats|dogs)\s+\d+\.\d %\s+(cats|dogs)\s+\d+\.\d %$/);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await savePicture(page, `drop-${width}-${colorScheme}`);
    await page.goto(`${server.url}/docs`);
    await page.getByRole('heading', { name: 'POST /classify' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await savePicture(page, `docs-${width}-${colorScheme}`);
    // The status of the broken image is the only problem.
    expect(problems).toEqual([expect.stringContaining('422')]);
    await page.close();
  });

  it('sends nothing to other servers, and cannot be framed', async () => {
    const { headers } = await fetch(server.url);
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  });
});
