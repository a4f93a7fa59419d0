/** Downloads over https, with a certificate that only some processes trust, and from a server that never responds. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer as createSecureServer, type Server } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../checksum.ts';
import { fetchFile } from './fetch-file.ts';
import { fetcher, killFetchers } from './fetcher.fixture.ts';
import { content, serve } from './hostile-server.fixture.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const environment = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
const limits = { firstDelayMs: 1, retryCount: 1 };

let folder: string;
let server: Server;
let origin: string;
let requestCount = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-tls-'));
  if (!hasOpenssl) return;
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = '-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'.split(' ');
  const kind = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    requestCount += 1;
    if (request.url === '/plain') response.writeHead(302, { location: 'http://127.0.0.1:1/some.bin' }).end();
    else if (request.url === '/moved') response.writeHead(301, { location: '/some.bin' }).end();
    else serve()(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  killFetchers();
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Downloads in a process that does or does not trust the certificate. */
function fetchThere(path: string, { trusting }: { trusting: boolean }): Promise<string> {
  const options = { path: join(folder, 'cache', path), maximumBytes: 1_000_000, limits };
  const trust = trusting ? { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') } : {};
  return fetcher({ url: `${origin}/${path}` }, options, { environment: { ...environment, ...trust } }).result;
}

describe.skipIf(!hasOpenssl)('over https (needs openssl)', () => {
  it('accepts a file, with or without a redirect', async () => {
    expect(await fetchThere('some.bin', { trusting: true })).toBe(sha256(content));
    expect(await fetchThere('moved', { trusting: true })).toBe(sha256(content));
  });

  it('rejects a redirect to http', async () => {
    expect(await fetchThere('plain', { trusting: true })).toMatch(
      /^Could not download .*: expected a redirect from https:\/\/127\.0\.0\.1:\d+ to an https:\/\/ URL, received http:/,
    );
  });

  it('rejects an untrusted certificate without a retry and reports its error code', async () => {
    requestCount = 0;
    expect(await fetchThere('untrusted', { trusting: false })).toMatch(
      /expected a certificate that this machine trusts, received \w+ \(for a proxy's certificate, set NODE_EXTRA_CA_CERTS\)/,
    );
    expect(requestCount).toBe(0);
    expect(await readdir(join(folder, 'cache'))).not.toContain('untrusted');
  });
});

describe('a server that accepts the connection and never responds', () => {
  it('times out after connectTimeoutMs', async () => {
    const mute = createServer(() => {});
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/some.bin`;
    const options = { path: join(folder, 'mute'), maximumBytes: 1, limits: { ...limits, connectTimeoutMs: 200 } };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await expect(fetchFile({ url }, options)).rejects.toThrow(/Could not download .*Connect Timeout Error/);
    vi.unstubAllEnvs();
    mute.close();
  });
});
