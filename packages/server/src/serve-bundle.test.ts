import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smoothFile, writeFruit, writePets } from '../../predictor/src/bundles.fixture.ts';
import { type ClassifyAnswer, type RunningServer, serveBundle } from './index.ts';

let parent: string;
let image: Uint8Array<ArrayBuffer>;
const at = (name: string) => join(parent, name);

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-serve-test-'));
  await writePets(at('pets'));
  await writeFruit(at('fruit'));
  image = await smoothFile('jpeg', 1);
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** One small network and any free port. */
const small = { workers: 1, student: true, port: 0 } as const;
const classify = (url: string) =>
  fetch(`${url}/classify`, { method: 'POST', body: image, headers: { 'Content-Type': 'image/jpeg' } });

/** What a server sends until it closes the connection. */
async function exchange({ url }: RunningServer, sent: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.write(sent);
  await once(socket, 'close');
  return received;
}

describe('serveBundle', () => {
  it('listens on loopback, for this machine only', async () => {
    const server = await serveBundle(at('pets'), small);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { results } = (await (await classify(server.url)).json()) as ClassifyAnswer;
    expect(results[0]).toHaveProperty('classes');
    const { port } = new URL(server.url);
    const elsewhere = request({ port, path: '/healthz', headers: { Host: 'evil.example' } }).end();
    const [answer] = await once(elsewhere, 'response');
    expect(answer.statusCode).toBe(403);
    answer.resume();
    await server.stop();
    await expect(classify(server.url)).rejects.toThrow('fetch failed');
  });

  it.each([
    [
      'an address that others reach without a token',
      { host: '0.0.0.0' },
      /token to listen on 0\.0\.0\.0.* received none/,
    ],
    ['an empty token', { token: '' }, /Expected a token of letters/],
    ['a token with a line break', { token: 'a\n' }, /Expected a token of letters/],
    ['no port', { port: 65_536 }, /port from 0 to 65535, received 65536/],
    ['a body of nothing', { limits: { maxBodyBytes: 0 } }, /maxBodyBytes to be a whole number of at least 1/],
    ['an unknown host', { host: 'nowhere.invalid', token: 'x' }, /^Cannot listen on nowhere\.invalid, port 0: /],
  ])('refuses %s', async (_, options, message) => {
    const starting = serveBundle(at('pets'), { ...small, ...options });
    await expect(starting).rejects.toThrow(message);
    await expect(starting).rejects.toMatchObject({ name: 'ServerError' });
  });

  it('refuses a port that is taken', async () => {
    const server = await serveBundle(at('pets'), { ...small, host: '0.0.0.0', allowAnyone: true });
    const { port } = new URL(server.url);
    const second = serveBundle(at('pets'), { ...small, host: '0.0.0.0', token: 'x', port: Number(port) });
    await expect(second).rejects.toThrow(/^Cannot listen on 0\.0\.0\.0, port \d+: address already in use\.$/);
    // Before the bundle is loaded.
    const third = serveBundle(at('nowhere'), { ...small, host: '0.0.0.0', token: 'x', port: Number(port) });
    await expect(third).rejects.toThrow('address already in use');
    await server.stop();
  });
});

describe('a new bundle in the folder', () => {
  it('replaces the old one, which answers until then; a damaged one does not', async () => {
    await writePets(at('served'));
    const failures: unknown[] = [];
    let reloaded = () => {};
    let failed = () => {};
    const server = await serveBundle(at('served'), {
      ...{ workers: 1, port: 0, watchIntervalMs: 50 },
      onReload: () => reloaded(),
      onReloadFailure: (error) => {
        failures.push(error);
        failed();
      },
    });
    const before = server.model;
    expect(before.labels).toEqual(['cats', 'dogs']);
    const answers = { done: false };
    const statuses: number[] = [];
    const asking = (async () => {
      while (!answers.done) statuses.push((await classify(server.url)).status);
    })();

    const failure = new Promise<void>((resolve) => {
      failed = resolve;
    });
    await writeFile(at('served/bundle.json'), '{}');
    await writeFile(at('served/SHA256SUMS'), `${'0'.repeat(64)}  bundle.json\n`);
    await failure;
    expect(String(failures[0])).toMatch(/ServerError: .*bundle\.json is damaged/);
    expect(server.model).toEqual(before);

    const swapped = new Promise<void>((resolve) => {
      reloaded = resolve;
    });
    await rename(at('served'), at('former'));
    await rename(at('fruit'), at('served'));
    await swapped;
    expect(server.model.labels).toEqual(['apples', 'pears', 'plums']);
    expect(server.model.version).not.toBe(before.version);
    const { model, results } = (await (await classify(server.url)).json()) as ClassifyAnswer;
    expect(model.version).toBe(server.model.version);
    expect(results[0]).toMatchObject({ classes: [{}, {}, {}] });
    answers.done = true;
    await asking;
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Although it was tried again.
    expect(failures).toHaveLength(1);
    await server.stop();
  });
});

describe.skipIf(process.platform !== 'linux')('the commands of docs/serve.md for a new bundle', () => {
  it('replace it again and again', async () => {
    const text = await readFile(new URL('../../../docs/serve.md', import.meta.url), 'utf8');
    const [, commands] = /^## A new bundle$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(text)!;
    const cwd = at('site');
    await mkdir(join(cwd, 'bundles'), { recursive: true });
    await writePets(join(cwd, 'bundles/pets-1'));
    await symlink('pets-1', join(cwd, 'bundles/current'));
    await writeFruit(join(cwd, 'runs/fruit/bundle'));
    const labels: string[][] = [];
    const failures: unknown[] = [];
    let reloaded = () => {};
    const server = await serveBundle(join(cwd, 'bundles/current'), {
      ...{ workers: 1, port: 0, watchIntervalMs: 50 },
      onReload: (model) => {
        labels.push([...model.labels]);
        reloaded();
      },
      onReloadFailure: (error) => void failures.push(error),
    });
    for (const [name, source] of [
      ['pets-2', 'runs/fruit/bundle'],
      ['pets-3', 'bundles/pets-1'],
      ['pets-4', 'runs/fruit/bundle'],
    ] as const) {
      await cp(join(cwd, source), join(cwd, `runs/${name}/bundle`), { recursive: true });
      const swapped = new Promise<void>((resolve) => {
        reloaded = resolve;
      });
      await promisify(execFile)('sh', ['-ec', commands!.replace('pets-2', name)], { cwd });
      await swapped;
    }
    expect(labels.map(({ length }) => length)).toEqual([3, 2, 3]);
    expect(failures).toEqual([]);
    await server.stop();
  });
});

describe('stop', () => {
  it('answers the requests that it has received, and closes their connections', async () => {
    const server = await serveBundle(at('pets'), small);
    const { port } = new URL(server.url);
    const agent = new Agent({ keepAlive: true });
    const start = async (headers: Record<string, string>) => {
      const asked = request({ port, agent, path: '/classify', method: 'POST', headers });
      const answered = once(asked, 'response').then(async ([answer]) => {
        answer.resume();
        await once(answer, 'end');
        return { status: answer.statusCode, connection: answer.headers.connection };
      });
      return { asked, answered };
    };
    const type = { 'Content-Type': 'image/jpeg' };
    const first = await start(type);
    first.asked.end(image);
    expect(await first.answered).toEqual({ status: 200, connection: 'keep-alive' });
    // The server has their headers, and not yet their bodies.
    const begun = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const one = await start({ ...type, Expect: '100-continue' });
        one.asked.flushHeaders();
        await once(one.asked, 'continue');
        return one;
      }),
    );
    const stopped = server.stop();
    for (const { asked } of begun) asked.end(image);
    expect(await Promise.all(begun.map(({ answered }) => answered))).toEqual(
      Array(3).fill({ status: 200, connection: 'close' }),
    );
    await stopped;
    agent.destroy();
  });

  it('answers new connections with 503 while it drains, and then refuses them', async () => {
    const server = await serveBundle(at('pets'), small);
    const stopped = server.stop({ drainMs: 1000 });
    // A connection of its own each.
    const ask = (path: string) => exchange(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    for (const path of ['/healthz', '/v2/health/ready']) expect(await ask(path)).toMatch(/^HTTP\/1\.1 503 /);
    const refused = await classify(server.url);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'stopping' });
    await stopped;
    await expect(classify(server.url)).rejects.toThrow('fetch failed');
  });

  it('cuts connections that stay open', async () => {
    const server = await serveBundle(at('pets'), small);
    const open = exchange(server, 'POST /classify HTTP/1.1\r\nHost: localhost\r\n');
    await fetch(`${server.url}/healthz`);
    await server.stop({ graceMs: 10 });
    expect(await open).toBe('');
  });
});

describe('a slow client', () => {
  it('is cut or answered with 408 in the headers, in the body, and between two requests', async () => {
    const server = await serveBundle(at('pets'), { ...small, limits: { answerTimeoutMs: 300 } });
    const head = 'POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 100\r\n';
    const [headers, body] = await Promise.all([exchange(server, head), exchange(server, `${head}\r\nabc`)]);
    expect(headers).toMatch(/^HTTP\/1\.1 408 /);
    expect(body).toMatch(/^HTTP\/1\.1 408 /);
    expect(body).toMatch(/connection: close/i);
    expect(body).toContain('"error":"Expected to receive and answer the request within 300 ms."');
    await server.stop();
  });
});
