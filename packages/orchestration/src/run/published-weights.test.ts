import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../errors.ts';
import { ensurePublishedWeights } from './published-weights.ts';

const realFile = join(import.meta.dirname, '../../../../../shared/data/pretrained/mobilenet_2_5_128_tf_no_top.h5');

let folder: string;
let server: Server;
let served: Uint8Array;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-weights-'));
  server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': served.length }).end(served);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some.h5`;
  vi.stubEnv('CHORUS_CACHE', folder);
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  vi.stubEnv('no_proxy', '127.0.0.1');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const local = { allowLoopbackHttp: true };

describe('ensurePublishedWeights', () => {
  it.skipIf(!existsSync(realFile))('brings a weight file into the cache (needs ../shared)', async () => {
    served = await readFile(realFile);
    const { path } = await ensurePublishedWeights({ name: 'some.h5', url }, local);
    expect(path).toBe(join(folder, 'weights', 'some.h5'));
    expect((await readFile(path)).equals(served)).toBe(true);
    server.close();
    expect((await ensurePublishedWeights({ name: 'some.h5', url }, local)).path).toBe(path);
  });

  it.each([
    [
      'a page',
      Buffer.from('<!doctype html>'),
      {},
      /some\.h5: expected an HDF5 file, received a different or truncated file/,
    ],
    [
      'weights that differ from the published hash',
      Buffer.from('x'),
      { md5: '0'.repeat(32) },
      /Expected md5 0{32} for/,
    ],
  ])('refuses %s, and keeps nothing', async (_, bytes, hashes, message) => {
    served = bytes;
    const attempt = ensurePublishedWeights({ name: 'some.h5', url, ...hashes }, local);
    await expect(attempt).rejects.toThrow(StorageError);
    await expect(attempt).rejects.toThrow(message);
    expect(await readdir(join(folder, 'weights'))).toEqual([]);
  });

  it.each(['../some.h5', '.h5', 'a/b.h5', 'some.txt', ''])('refuses the name %j', async (name) => {
    await expect(ensurePublishedWeights({ name, url }, local)).rejects.toThrow(ConfigError);
  });
});
