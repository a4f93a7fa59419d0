import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../checksum.ts';
import { StorageError } from '../errors.ts';
import { type FetchOptions, fetchFile } from './fetch-file.ts';
import { fetcher, killFetchers } from './fetcher.fixture.ts';
import {
  type Behavior,
  content,
  cutAt60,
  type HostileServer,
  hostileServer,
  serve,
  silence,
  status,
  whole,
} from './hostile-server.fixture.ts';
import type { FileSource } from './source.ts';

const good = sha256(content);
const limits = { stallTimeoutMs: 300, firstDelayMs: 1, longestDelayMs: 2_000, retryCount: 3 };
const wrong = Buffer.from(content).fill(7, 1000, 1010);

let folder: string;
let path: string;
let server: HostileServer;
let notices: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-fetch-'));
  path = join(folder, 'some.bin');
  notices = [];
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  vi.stubEnv('no_proxy', '127.0.0.1');
});
afterEach(async () => {
  killFetchers();
  await server?.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function start(...behavior: Behavior[]): Promise<void> {
  await server?.close();
  server = await hostileServer(...behavior);
}

function options(others: Partial<FetchOptions> = {}): FetchOptions {
  return {
    path,
    maximumBytes: 1_000_000,
    limits,
    allowLoopbackHttp: true,
    onNotice: (notice) => notices.push(notice),
    ...others,
  };
}

function fetchIt(source: Omit<FileSource, 'url'> = {}, others: Partial<FetchOptions> = {}) {
  return fetchFile({ url: server.url, ...source }, options(others));
}

async function expectGood(): Promise<void> {
  expect(sha256(await readFile(path))).toBe(good);
}

function messageOf(failing: Promise<unknown>): Promise<string> {
  return failing.then(
    () => '',
    (error: Error) => error.message,
  );
}

describe('a download', () => {
  it('delivers the file, reports progress, and leaves only the trust record beside it', async () => {
    await start(serve());
    const progress: [number, number | undefined][] = [];
    const file = await fetchIt({}, { onProgress: (...step) => progress.push(step) });
    expect(file).toEqual({ path, bytes: content.length, sha256: good });
    await expectGood();
    expect(progress.at(-1)).toEqual([content.length, content.length]);
    expect((await readdir(folder)).toSorted()).toEqual(['some.bin', 'some.bin.trusted.json']);
    expect(notices).toEqual([]);
  });

  it('leaves only the file if its publisher gives a hash', async () => {
    await start(serve());
    await fetchIt({ sha256: good, md5: createHash('md5').update(content).digest('hex'), bytes: content.length });
    expect(await readdir(folder)).toEqual(['some.bin']);
  });

  it('survives a server that closes the connection while writes to disk are pending', async () => {
    await start(whole({ 'content-length': content.length, connection: 'close' }));
    await fetchIt();
    await expectGood();
  });

  it('distinguishes an empty file from a missing one', async () => {
    await start(whole({ 'content-length': 0 }, Buffer.alloc(0)));
    expect(await fetchIt()).toMatchObject({ bytes: 0, sha256: sha256('') });
  });
});

describe('23: a download that is cut resumes', () => {
  it.each<[string, Behavior[], (string | undefined)[]]>([
    ['after a break at 60 %', [cutAt60('break'), serve()], [undefined, 'bytes=120000-']],
    ['after a stall at 60 %', [cutAt60('stall'), serve()], [undefined, 'bytes=120000-']],
    ['after a request without response headers', [silence, serve()], [undefined, undefined]],
    ['after 503, 429 and 408', [status(503), status(429), status(408), serve()], Array(4).fill(undefined)],
    [
      'from the beginning when the server ignores Range',
      [cutAt60('break'), whole({ 'content-length': content.length })],
      [undefined, 'bytes=120000-'],
    ],
    ['from the beginning after 416', [cutAt60('break'), status(416), serve()], [undefined, 'bytes=120000-', undefined]],
    [
      'from the beginning when the file has a new version',
      [cutAt60('break', '"zero"'), serve()],
      [undefined, 'bytes=120000-'],
    ],
    [
      'from the beginning when a faulty server continues another version',
      [
        cutAt60('break', '"zero"'),
        (request, response) => {
          delete request.headers['if-range'];
          serve()(request, response);
        },
        serve(),
      ],
      [undefined, 'bytes=120000-', undefined],
    ],
    [
      'from the beginning when the server continues at another offset',
      [
        cutAt60('break'),
        (_, response) => {
          response
            .writeHead(206, { 'content-range': `bytes 5-${content.length - 1}/${content.length}` })
            .end(content.subarray(5));
        },
        serve(),
      ],
      [undefined, 'bytes=120000-', undefined],
    ],
    ['from the beginning when the server sends no validator', [cutAt60('break', ''), serve()], [undefined, undefined]],
  ])('%s', async (_, behavior, ranges) => {
    await start(...behavior);
    await fetchIt();
    await expectGood();
    expect(server.requests.map(({ range }) => range)).toEqual(ranges);
    expect(server.requests.every(({ range, ifRange }) => range === undefined || ifRange !== undefined)).toBe(true);
    expect(notices.every((notice) => /trying again in 0\.0 s$/.test(notice))).toBe(true);
  });

  it('without a validator if the publisher gives a hash', async () => {
    await start(cutAt60('break', ''), serve());
    await fetchIt({ sha256: good });
    expect(server.requests).toEqual([
      { range: undefined, ifRange: undefined },
      { range: 'bytes=120000-', ifRange: undefined },
    ]);
  });

  it('in the next call after a failed one', async () => {
    await start(cutAt60('break'), status(503));
    await expect(fetchIt()).rejects.toThrow(/received HTTP 503\. Check the network/);
    expect((await readdir(folder)).toSorted()).toEqual(['some.bin.partial', 'some.bin.partial.json']);
    const { url, requests } = server;
    expect(requests).toHaveLength(4);
    await writeFile(`${path}.partial.json`, (await readFile(`${path}.partial.json`, 'utf8')).replace(url, 'PLACE'));
    await start(serve());
    await writeFile(
      `${path}.partial.json`,
      (await readFile(`${path}.partial.json`, 'utf8')).replace('PLACE', server.url),
    );
    await fetchIt();
    await expectGood();
    expect(server.requests.map(({ range }) => range)).toEqual(['bytes=120000-']);
  });

  it('in another process after kill -9', async () => {
    await start(cutAt60('stall'), serve());
    const first = fetcher({ url: server.url }, { path, maximumBytes: 1_000_000, allowLoopbackHttp: true });
    await first.says(/^bytes 120000$/);
    first.child.kill('SIGKILL');
    await first.result;
    // Takes over its lock at once, not after ten seconds.
    await utimes(`${path}.lock`, 0, 0);
    expect(await readdir(folder)).not.toContain('some.bin');
    await fetchIt();
    await expectGood();
    expect(server.requests[1]).toEqual({ range: 'bytes=120000-', ifRange: '"one"' });
  });

  it('without a request when all bytes have arrived', async () => {
    await start(serve());
    await writeFile(`${path}.partial`, content);
    await writeFile(
      `${path}.partial.json`,
      JSON.stringify({ url: server.url, etag: '"one"', totalBytes: content.length }),
    );
    await fetchIt();
    await expectGood();
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['of another URL', () => JSON.stringify({ url: 'https://example.org/', etag: '"one"' })],
    ['with a truncated record', () => `{"url":"${server.url}"`],
    ['longer than the file', () => JSON.stringify({ url: server.url, etag: '"one"', totalBytes: 9 })],
  ])('from the beginning when there is a partial file %s', async (_, note) => {
    await start(serve());
    await writeFile(`${path}.partial`, 'something else');
    await writeFile(`${path}.partial.json`, note());
    await fetchIt();
    await expectGood();
    expect(server.requests.map(({ range }) => range)).toEqual([undefined]);
  });
});

describe('24: a download is rejected', () => {
  const length = { 'content-length': content.length };
  it.each<[string, Behavior, Omit<FileSource, 'url'>, RegExp, number]>([
    ['after too many failures', status(500), {}, /received HTTP 500\. Check the network connection \(HTTPS_PROXY/, 4],
    ['when the server requests too long a delay', status(503, { 'retry-after': '3600' }), {}, /retry after 3600 s/, 1],
    [
      'when the file does not exist',
      status(404),
      {},
      /expected a file, received HTTP 404\. Try again later, or put/,
      1,
    ],
    ['when access is forbidden', status(403), {}, /received HTTP 403/, 1],
    ['for a partial response that was not requested', status(206), {}, /received HTTP 206/, 1],
    ['for endless redirects', status(302, { location: '/again' }), {}, /at most 5 redirects, received more/, 6],
    [
      'for a redirect to another scheme',
      status(302, { location: 'file:///etc/passwd' }),
      {},
      /to an https:\/\/ URL, received/,
      1,
    ],
    [
      'for a redirect to another host over http',
      status(302, { location: 'http://10.0.0.1/' }),
      {},
      /http:\/\/10\.0/,
      1,
    ],
    ['for another size than expected', whole(length), { bytes: 5 }, /expected 5 bytes, received a response of 2/, 1],
    ['for too many bytes', whole({ 'content-length': 2e6 }), {}, /at most 1000000 bytes, received a response of 2/, 1],
    [
      'without a size and a hash',
      (_, response) => {
        response.writeHead(200).end(content);
      },
      {},
      /expected a content-length/,
      1,
    ],
    [
      'for an endless body',
      (_, response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' });
        const more = () => response.write(content, more);
        more();
      },
      { sha256: good },
      /at most 1000000 bytes, received more/,
      1,
    ],
    [
      'when more bytes arrive than expected',
      (_, response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(Buffer.concat([content, content]));
      },
      { bytes: content.length },
      /at most 200000 bytes, received more/,
      1,
    ],
    [
      'when every attempt receives fewer bytes than announced',
      (_, response) => {
        response.writeHead(200, { 'content-length': content.length + 5 });
        response.write(content, () => response.destroy());
      },
      {},
      /Could not download/,
      4,
    ],
    ['for a content encoding', whole({ ...length, 'content-encoding': 'gzip' }), {}, /received the encoding gzip/, 1],
  ])('%s', async (_, behavior, source, message, requestCount) => {
    await start(behavior);
    const attempt = fetchIt(source);
    await expect(attempt).rejects.toThrow(StorageError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(/^Could not download http:[^\n]* or put the file at [^\n]*some\.bin\.$/);
    expect(server.requests).toHaveLength(requestCount);
    expect(await readdir(folder)).not.toContain('some.bin');
  });

  it('when the response is shorter than expected', async () => {
    await start((_, response) => {
      response.writeHead(200, { 'content-length': 500 }).end(content.subarray(0, 500));
    });
    await expect(fetchIt({ bytes: content.length })).rejects.toThrow('received a response of 500 bytes');
  });

  it('ignores bytes after the announced size', async () => {
    await start((_, response) => {
      response.socket!.end(
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`), content, content]),
      );
    });
    await fetchIt();
    await expectGood();
  });

  it('when nothing listens on the port, after all retries', async () => {
    await start(serve());
    const { url } = server;
    await server.close();
    await expect(fetchFile({ url }, options())).rejects.toThrow(
      /: connection refused\. Check the network.*put the file at/,
    );
    await start(serve());
  });

  it.each([
    ['http://example.org/a', {}, /a file without a publisher's hash, received http:\/\/example\.org/],
    ['ftp://example.org/a', { sha256: good }, /expected an https:\/\/ URL, received "ftp:/],
    ['https://me:secret@example.org/a', {}, /without a user name or password, received one for https:\/\/example\.org/],
    [
      'https://example.org/a',
      { md5: 'ABC' },
      /Expected the md5 of .* as 32 lower-case hexadecimal digits, received "ABC"/,
    ],
    ['https://example.org/a', { bytes: 0 }, /a positive number of bytes, received 0/],
  ])('for %s %j', async (url, source, message) => {
    await expect(fetchFile({ url, ...source }, options())).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['https://me:secret@example.org/a', {}],
    ['https://me:secret@example.org/a', { md5: 'ABC' }],
    ['https://me:secret@example.org/a', { bytes: 0 }],
    ['ftp://me:secret@example.org/a', {}],
    ['https://me:sec/ret@example.org:x/a', {}],
  ])('without its password in the message: %s %j', async (url, source) => {
    const message = await messageOf(fetchFile({ url, ...source }, options()));
    expect(message).toContain('example.org');
    expect(message).not.toMatch(/me:|secret|sec\/ret/);
  });

  it('for a redirect to a URL with a password, without it in the message', async () => {
    for (const location of ['ftp://me:secret@example.org/a', 'https://me:secret@example.org/a']) {
      await start(status(302, { location }));
      const message = await messageOf(fetchIt());
      expect(message).toContain('example.org');
      expect(message).not.toMatch(/me:|secret/);
    }
  });

  it('for http from this machine unless allowed', async () => {
    await start(serve());
    await expect(fetchIt({}, { allowLoopbackHttp: false })).rejects.toThrow(/without a publisher's hash/);
    await fetchIt({ sha256: good }, { allowLoopbackHttp: false });
    await expectGood();
  });
});

describe('25: wrong content', () => {
  const hashes = { sha256: good };
  const length = { 'content-length': content.length };

  it('is downloaded a second time', async () => {
    await start(whole(length, wrong), serve());
    await fetchIt(hashes);
    await expectGood();
    expect(notices).toEqual([expect.stringContaining(`received ${sha256(wrong)}. Downloading it again.`)]);
  });

  it('received twice is an error with both hashes, and nothing is kept', async () => {
    await start(whole(length, wrong));
    await expect(fetchIt(hashes)).rejects.toThrow(
      new RegExp(`^Expected sha256 ${good} for .*, received ${sha256(wrong)}\\. A second download was wrong, too\\.$`),
    );
    expect(server.requests).toHaveLength(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is detected by MD5 if the publisher gives no other hash', async () => {
    await start(whole(length, wrong));
    const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex');
    await expect(fetchIt({ md5: md5(content) })).rejects.toThrow(new RegExp(`${md5(content)}.*${md5(wrong)}`));
  });

  it('is detected by the check if there is no hash', async () => {
    await start(whole(length, wrong), serve());
    const check = async (place: string) => {
      const bytes = await readFile(place);
      if (!bytes.equals(content)) throw new Error(`expected good bytes, received ${bytes.length} others`);
    };
    await fetchIt({}, { check });
    await expectGood();
    await rm(folder, { recursive: true });
    await start(whole(length, wrong));
    await expect(fetchIt({}, { check })).rejects.toThrow(
      /^Unexpected content from http.*received 200000 others A second download was wrong, too\.$/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('in the cache is downloaded again; without a network, the error reports both problems', async () => {
    await start(serve());
    await fetchIt();
    await writeFile(path, wrong);
    await fetchIt();
    await expectGood();
    expect(notices).toEqual([expect.stringMatching(/received \w{64}\. Downloading it again\.$/)]);
    await writeFile(path, wrong);
    const { url } = server;
    await server.close();
    await expect(fetchFile({ url }, options())).rejects.toThrow(
      new RegExp(
        `received ${sha256(wrong)}\\. The file could not be replaced: Could not download .*connection refused`,
      ),
    );
    expect(sha256(await readFile(path))).toBe(sha256(wrong));
    await start(serve());
  });

  it('from a changed source file is rejected until the user accepts it', async () => {
    await start(serve());
    const { url } = server;
    await fetchIt();
    await rm(path);
    await start(whole(length, wrong));
    const trusted = `${path}.trusted.json`;
    const attempt = fetchIt();
    await expect(attempt).rejects.toThrow(new RegExp(`sha256 ${good}, recorded at .*received ${sha256(wrong)}`));
    await expect(attempt).rejects.toThrow(
      `if the publisher changed the file and you trust the new version, delete ${trusted}.`,
    );
    expect(JSON.parse(await readFile(trusted, 'utf8'))).toEqual({ url, bytes: content.length, sha256: good });
    await rm(trusted);
    expect(await fetchIt()).toMatchObject({ sha256: sha256(wrong) });
  });

  it('is not hidden by an unreadable trust record', async () => {
    await start(serve());
    await fetchIt();
    await writeFile(`${path}.trusted.json`, '{"sha256":');
    await expect(fetchIt()).rejects.toThrow(/Expected url, bytes and sha256 in .*trusted\.json; delete the file/);
  });
});

describe('26: two concurrent processes', () => {
  it('share one download', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start((request, response) => void released.then(() => serve()(request, response)));
    const options = { path, maximumBytes: 1_000_000, allowLoopbackHttp: true };
    const both = [fetcher({ url: server.url }, options), fetcher({ url: server.url }, options)];
    await Promise.race(both.map((one) => one.says(/^waiting for process \d+ to download/)));
    release();
    expect(await Promise.all(both.map((one) => one.result))).toEqual([good, good]);
    expect(server.requests).toHaveLength(1);
    expect((await readdir(folder)).toSorted()).toEqual(['some.bin', 'some.bin.trusted.json']);
  });
});

describe('27: without a network', () => {
  it('returns a file that was downloaded before', async () => {
    await start(serve());
    const first = await fetchIt();
    await server.close();
    expect(await fetchFile({ url: server.url }, options())).toEqual(first);
    await start(serve());
  });

  it('verifies and accepts a file that the user placed there', async () => {
    await start(status(500));
    await writeFile(path, content);
    const checked: string[] = [];
    await fetchIt({}, { check: async (place) => void checked.push(place) });
    await fetchIt({}, { check: async (place) => void checked.push(place) });
    expect(checked).toEqual([path]);
    expect(server.requests).toEqual([]);
    await expect(fetchIt({ bytes: 3 })).rejects.toThrow(
      /Expected 3 bytes for .*, received 200000\. The file could not be/,
    );
  });

  const canUnshare = (() => {
    try {
      execFileSync('unshare', ['-rn', 'true'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  it.skipIf(!canUnshare)('reports every remedy in the error (needs unshare -rn)', async () => {
    const source = { url: 'https://example.org/some.bin' };
    const options = { path, maximumBytes: 1_000_000, limits };
    const cold = fetcher(source, options, { through: ['unshare', '-rn'] });
    expect(await cold.result).toMatch(
      /^Could not download https:\/\/example\.org\/some\.bin: .*HTTPS_PROXY.*put the file at .*some\.bin\.$/,
    );
    await writeFile(path, content);
    const warm = fetcher(source, options, { through: ['unshare', '-rn'] });
    expect(await warm.result).toBe(good);
  });
});

describe('the environment', () => {
  it('30: reports a full disk', async () => {
    await start(serve());
    await symlink('/dev/full', `${path}.partial`);
    await expect(fetchIt()).rejects.toThrow(/^Cannot write .*some\.bin: no space left on the disk\. Free some space/);
    expect(server.requests).toHaveLength(1);
  });

  it('reports a file in place of a folder', async () => {
    await start(serve());
    await writeFile(join(folder, 'file'), '');
    await expect(fetchIt({}, { path: join(folder, 'file', 'some.bin') })).rejects.toThrow(
      /Cannot read or write .*: a part of the path is not a folder\. Set CHORUS_CACHE to another folder/,
    );
  });

  it('uses the proxy set in the environment', async () => {
    await start(serve());
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket, head) => {
      asked.push(request.url!);
      const [host, port] = request.url!.split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [upstream, socket]) end.on('error', () => {});
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', '');
    for (const name of ['HTTP_PROXY', 'http_proxy'])
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    await fetchIt();
    await expectGood();
    expect(asked).toEqual([new URL(server.url).host]);
    proxy.closeAllConnections();
    proxy.close();
  });

  it.each([
    ['before the request', 0],
    ['while content arrives', 1],
  ])('aborts %s with the reason of the signal and keeps the bytes received', async (_, requestCount) => {
    await start(cutAt60('stall'));
    const controller = new AbortController();
    if (requestCount === 0) controller.abort(new Error('enough'));
    const onProgress = (bytes: number) => {
      if (bytes === 120_000) controller.abort(new Error('enough'));
    };
    await expect(fetchIt({}, { signal: controller.signal, onProgress })).rejects.toThrow(/^enough$/);
    expect(server.requests).toHaveLength(requestCount);
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toHaveLength(requestCount);
  });

  it('aborts a retry delay by the signal', async () => {
    await start(status(503));
    const controller = new AbortController();
    const slow = { ...limits, firstDelayMs: 60_000, longestDelayMs: 60_000 };
    const onNotice = () => controller.abort(new Error('enough'));
    await expect(fetchIt({}, { signal: controller.signal, limits: slow, onNotice })).rejects.toThrow(/^enough$/);
  });
});
