import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { smoothFile, writeFruit, writePets } from '../../../predictor/src/bundles.fixture.ts';
import { createServerApp, openService } from '../index.ts';

/** Waits as long as a busy machine needs. */
const eventually = (check: () => unknown) => vi.waitFor(check, 60_000);

let parent: string;
let image: Uint8Array<ArrayBuffer>;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-restart-test-'));
  await writePets(at('pets'));
  await writeFruit(at('fruit'));
  image = await smoothFile('jpeg', 1);
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a thread that ended', () => {
  it('is replaced by one with the same version of the bundle, until which the server is not ready', async () => {
    const threads: Worker[] = [];
    const started = (worker: Worker) => void threads.push(worker);
    process.on('worker', started);
    const errors: string[] = [];
    const service = await openService(at('pets'), {
      ...{ workers: 1, student: true },
      onError: (error) => void errors.push((error as Error).message),
    });
    const app = createServerApp(service);
    const status = async (path: string) => (await app.request(path)).status;
    const classify = () =>
      app.request('/classify', { method: 'POST', body: image.slice(), headers: { 'Content-Type': 'image/jpeg' } });
    const ready = () => eventually(async () => expect(await status('/v2/health/ready')).toBe(200));
    expect((await classify()).status).toBe(200);
    const { version } = service.model;

    await threads.at(-1)!.terminate();
    await eventually(async () => expect(await status('/v2/health/ready')).toBe(503));
    expect(await (await app.request('/healthz')).json()).toMatchObject({ status: 'restarting' });
    // Waits for the new thread.
    expect((await classify()).status).toBe(200);
    await ready();
    expect(errors).toEqual([expect.stringMatching(/^A worker thread ended/)]);

    // Another bundle is in the folder, which the server has not loaded.
    await rename(at('pets'), at('former'));
    await rename(at('fruit'), at('pets'));
    await threads.at(-1)!.terminate();
    await eventually(() => expect(errors.at(-1)).toMatch(`changed: expected version ${version}, received`));
    expect(await status('/v2/models/lively/ready')).toBe(503);
    await rename(at('pets'), at('fruit'));
    await rename(at('former'), at('pets'));
    await ready();
    expect((await classify()).status).toBe(200);
    expect(service.model.version).toBe(version);
    await service.close();
    process.off('worker', started);
  });
});

describe('pendingCount', () => {
  it('has the images that a former version still answers', async () => {
    const threads: Worker[] = [];
    const started = (worker: Worker) => void threads.push(worker);
    process.on('worker', started);
    await cp(at('pets'), at('served'), { recursive: true });
    // Its images wait for others until the test ends their thread.
    const options = { workers: 1, batchDelayMs: 600_000 };
    const service = await openService(at('served'), options);
    const asked = service.classify([image.slice(), image.slice()], new AbortController().signal);
    const ended = expect(asked).rejects.toThrow();
    await rm(at('served'), { recursive: true });
    await cp(at('fruit'), at('served'), { recursive: true });
    expect(await service.reload()).toBe(true);
    expect(service.pendingCount).toBe(2);
    await threads[0]!.terminate();
    await ended;
    await service.close();
    expect(service.pendingCount).toBe(0);
    process.off('worker', started);
  });
});
