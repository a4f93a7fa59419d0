import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createStudioApp, Studio, type StudioApp, serveStudio } from './index.ts';
import type { CheckState, DataSet, FolderListing, Workspace } from './protocol/index.ts';
import { type TestFolder, testFolder } from './studio.fixture.ts';

let folder: TestFolder;
let studio: Studio;
let app: StudioApp;
let photos: string;
const at = (name: string) => join(folder.parent, name);

beforeAll(async () => {
  folder = await testFolder(4);
  photos = await folder.photos('photos');
  studio = await Studio.open(at('workspace'));
  await mkdir(at('pages/assets'), { recursive: true });
  await writeFile(at('pages/index.html'), '<!doctype html><title>Studio</title>');
  await writeFile(at('pages/assets/page-1a2b.js'), 'run();');
  await writeFile(at('secret'), 'secret');
  app = createStudioApp(studio, { pages: at('pages') });
});
afterAll(async () => {
  await studio?.close();
  await folder?.remove();
});

const base = 'http://localhost:4000';
const get = (path: string, headers: Record<string, string> = {}) => app.request(`${base}${path}`, { headers });
const send = (path: string, body: string, headers: Record<string, string>, method = 'POST') =>
  app.request(`${base}${path}`, { method, body, headers });
const json = { 'Content-Type': 'application/json' };

describe('the app', () => {
  it('describes the workspace', async () => {
    const workspace = (await (await get('/api/workspace')).json()) as Workspace;
    expect(workspace).toMatchObject({ folder: at('workspace'), dataSets: [], runs: [], activity: null });
    expect(workspace.presets.map(({ name }) => name)).toContain('mobile');
    expect(workspace.presets[0]!.name).toBe('auto');
    for (const { description } of workspace.presets) expect(description).toMatch(/\.$/);
    expect(await (await get('/api/devices')).json()).toMatchObject({ devices: [{ name: 'cpu:0', kind: 'CPU' }] });
  });

  it('shows the page, under a strict policy', async () => {
    const page = await get('/');
    expect(await page.text()).toContain('<title>Studio</title>');
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers.get('Cache-Control')).toBe('no-cache');
    const script = await get('/assets/page-1a2b.js');
    expect(script.headers.get('Content-Type')).toContain('javascript');
    expect(script.headers.get('Cache-Control')).toContain('immutable');
    expect(script.headers.get('X-Content-Type-Options')).toBe('nosniff');
  });

  it.each([
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/assets/..%2f..%2fsecret',
    '/api/unknown',
    '/assets/none.js',
  ])('has nothing at %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['another host', 'http://evil.example/api/workspace', {}],
    ['a page of another site', `${base}/api/workspace`, { Origin: 'https://evil.example' }],
    ['a page of another server of this machine', `${base}/api/workspace`, { Origin: 'http://localhost:3000' }],
    ['a picture in a page of another site', `${base}/api/workspace`, { 'Sec-Fetch-Site': 'cross-site' }],
    ['a picture in a page of another port', `${base}/api/workspace`, { 'Sec-Fetch-Site': 'same-site' }],
    ['a page without an origin', `${base}/api/workspace`, { Origin: 'null' }],
  ])('refuses %s', async (_, url, headers) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const response = await app.request(url, { method, headers });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'wrong_host' });
    }
  });

  it('answers its own page and programs', async () => {
    const own = { Origin: base, 'Sec-Fetch-Site': 'same-origin' };
    expect((await get('/api/workspace', own)).status).toBe(200);
    expect((await get('/api/workspace', { 'Sec-Fetch-Site': 'none' })).status).toBe(200);
  });

  it('takes only JSON, as its schema has it', async () => {
    const open = (body: string, headers: Record<string, string> = json) => send('/api/data-sets/open', body, headers);
    expect((await open('{"path":"x"}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    for (const body of ['', '{', '[]', '{"path":1}', '{"path":"x","more":1}', '['.repeat(50)])
      expect((await open(body)).status).toBe(400);
    expect((await open(JSON.stringify({ path: 'x'.repeat(3 * 2 ** 20) }))).status).toBe(413);
    const start = (body: object) => send('/api/runs', JSON.stringify(body), json);
    for (const body of [
      { dataSet: 'x', name: '../x' },
      { dataSet: 'x', preset: 'none' },
      { dataSet: 'x', timeBudgetSeconds: 0 },
    ])
      expect((await start(body)).status).toBe(400);
    expect((await start({ dataSet: 'none' })).status).toBe(404);
  });

  it('knows only runs of the workspace', async () => {
    for (const id of ['none', '..', '%2e%2e', '..%2fworkspace', 'a%00b', '.'])
      for (const path of ['', '/events', '/report', '/report.html', '/label-issues'])
        expect((await get(`/api/runs/${id}${path}`)).status).toBe(404);
    await mkdir(at('workspace/runs'), { recursive: true });
    await symlink(photos, at('workspace/runs/link'));
    expect((await get('/api/runs/link/report')).status).toBe(404);
    expect((await get('/api/compare?run=none')).status).toBe(400);
    expect((await get('/api/compare?run=none&run=other')).status).toBe(404);
  });

  it('answers an error of the studio itself without its text', async () => {
    const onError = vi.fn();
    const broken = createStudioApp(
      Object.create(studio, { describe: { value: () => Promise.reject(new TypeError('secret')) } }) as Studio,
      { onError },
    );
    const response = await broken.request(`${base}/api/workspace`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'secret' }));
  });
});

describe('GET /api/folders', () => {
  const list = async (path: string) =>
    (await (await get(`/api/folders?path=${encodeURIComponent(path)}`)).json()) as FolderListing;

  it('lists folders, with the classes of what looks like a data set', async () => {
    await mkdir(at('.hidden'), { recursive: true });
    await mkdir(at('splits'), { recursive: true });
    await folder.photos('splits/train');
    expect(await list(photos)).toMatchObject({ parent: folder.parent, classes: ['discs', 'stars'], imageCount: 0 });
    expect(await list(at('splits'))).toMatchObject({ classes: ['discs', 'stars'] });
    expect(await list(join(photos, 'discs'))).toMatchObject({ folders: [], classes: [], imageCount: 4 });
    const parent = await list(folder.parent);
    expect(parent.folders.map(({ name }) => name)).toEqual(['drawn', 'pages', 'photos', 'splits', 'workspace']);
    expect(parent.classes).toEqual([]);
    expect(await list('/')).toMatchObject({ parent: null });
    const own = (await (await get('/api/folders')).json()) as FolderListing;
    expect(own.path).toBe(at('workspace'));
    expect(own.places.map(({ path }) => path)).toEqual([at('workspace'), homedir()]);
  });

  it('says why a folder cannot be listed', async () => {
    expect(await list(at('none'))).toMatchObject({ code: 'refused', error: expect.stringContaining('no such file') });
    expect(await list('a\0b')).toMatchObject({ code: 'bad_request' });
  });
});

describe('a check', () => {
  it('says what is wrong with the images, until they change', async () => {
    const opened = await send('/api/data-sets/open', JSON.stringify({ path: photos }), json);
    const { id } = (await opened.json()) as DataSet;
    const path = `/api/data-sets/${id}`;
    const state = async () => (await (await get(`${path}/check`)).json()) as CheckState;
    expect(await state()).toEqual({ status: 'none' });
    await writeFile(join(photos, 'stars/broken.jpg'), 'no image');
    await send(`${path}/exclude`, JSON.stringify({ paths: ['stars/stars-00001.png'], excluded: true }), json);
    const started = await send(`${path}/check`, JSON.stringify({ preset: 'mobile', weights: 'random' }), json);
    expect(started.status).toBe(202);
    expect(studio.activity).toEqual({ kind: 'check', dataSet: id });
    await vi.waitUntil(async () => (await state()).status !== 'running', { timeout: 100_000, interval: 100 });
    const done = await state();
    expect(done).toMatchObject({ status: 'done', isCurrent: true, report: { exitCode: 4, dataset: { found: 9 } } });
    const { report } = done as Extract<CheckState, { status: 'done' }>;
    expect(report.problems.length).toBeGreaterThan(0);
    expect(report.dataset!.skipped).toEqual([
      { path: 'stars/stars-00001.png', reason: expect.stringContaining('data.exclude'), kind: 'excluded' },
      { path: 'stars/broken.jpg', reason: expect.stringContaining('not an image'), kind: 'image' },
    ]);
    await send(`${path}/undo`, '', {});
    expect(await state()).toMatchObject({ status: 'done', isCurrent: false });
    expect(studio.activity).toBeNull();
  });

  it('stops on request', async () => {
    const [{ id }] = studio.dataSets.summaries as [DataSet];
    await send(`/api/data-sets/${id}/check`, '{}', json);
    const stopped = await app.request(`${base}/api/data-sets/${id}/check`, { method: 'DELETE' });
    expect(await stopped.json()).toEqual({ status: 'stopped' });
  });
});

describe('serveStudio', () => {
  it('serves only this machine, and one workspace once', async () => {
    await expect(serveStudio({ workspace: at('other'), host: '0.0.0.0' })).rejects.toThrow(
      /^Expected an address that only this machine reaches/,
    );
    await expect(serveStudio({ workspace: at('workspace'), port: 0 })).rejects.toThrow(/^Another studio works in /);
    await expect(serveStudio({ workspace: at('secret'), port: 0 })).rejects.toThrow(/^Cannot work in /);
  });
});
