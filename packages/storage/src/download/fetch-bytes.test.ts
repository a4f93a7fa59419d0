import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchBytes } from './fetch-bytes.ts';
import { content, type HostileServer, hostileServer, serve, silence, status, whole } from './hostile-server.fixture.ts';

let server: HostileServer | undefined;
const limits = { stallTimeoutMs: 300, firstDelayMs: 1 };
const options = { maximumBytes: 1_000_000, timeoutMs: 5_000, limits };

beforeEach(async () => {
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  vi.stubEnv('no_proxy', '127.0.0.1');
  await server?.close();
  server = undefined;
});
afterAll(async () => {
  await server?.close();
  vi.unstubAllEnvs();
});

async function fetchFrom(behavior: Parameters<typeof hostileServer>, others: Partial<typeof options> = {}) {
  server = await hostileServer(...behavior);
  return fetchBytes(server.url, { ...options, ...others });
}

describe('fetchBytes', () => {
  it('returns the content, also without a content-length or after a retry', async () => {
    expect(Buffer.from(await fetchFrom([serve()])).equals(content)).toBe(true);
    await server?.close();
    expect(Buffer.from(await fetchFrom([status(503), whole({})])).equals(content)).toBe(true);
  });

  it.each<[string, Parameters<typeof hostileServer>, Partial<typeof options>, RegExp]>([
    ['a missing file', [status(404)], {}, /^expected a file, received HTTP 404$/],
    ['a server that stays busy', [status(503)], {}, /^received HTTP 503$/],
    ['an announced size above the limit', [serve()], { maximumBytes: 9 }, /^expected at most 9 bytes, received/],
    ['more bytes than the limit', [whole({})], { maximumBytes: 9 }, /^expected at most 9 bytes, received more$/],
    [
      'silence',
      [silence],
      { timeoutMs: 100, limits: { ...limits, stallTimeoutMs: 9_000 } },
      /^timed out after 0\.1 s$/,
    ],
  ])('rejects %s', async (_, behavior, others, message) => {
    await expect(fetchFrom(behavior, others)).rejects.toThrow(message);
  });

  it('follows at most five redirects', async () => {
    const hops = createServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    await new Promise<void>((done) => hops.listen(0, '127.0.0.1', done));
    const origin = `http://127.0.0.1:${(hops.address() as AddressInfo).port}`;
    try {
      expect(Buffer.from(await fetchBytes(`${origin}/5`, options)).toString()).toBe('there');
      await expect(fetchBytes(`${origin}/6`, options)).rejects.toThrow('at most 5 redirects');
    } finally {
      hops.closeAllConnections();
      hops.close();
    }
  });

  it('rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    server = await hostileServer(silence);
    const fetched = fetchBytes(server.url, { ...options, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(fetched).rejects.toThrow('enough');
  });
});
