import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smoothFile, writePets } from '../../predictor/src/bundles.fixture.ts';

let parent: string;
let image: Uint8Array<ArrayBuffer>;
let child: ChildProcess;
let url: URL;
const MiB = 2 ** 20;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'chorus-hostile-test-'));
  await writePets(join(parent, 'pets'));
  image = await smoothFile('jpeg', 1);
  const options = {
    ...{ port: 0, workers: 1, student: true },
    limits: { maxBodyBytes: 16 * MiB, maxBufferedBytes: 64 * MiB, answerTimeoutMs: 10_000 },
  };
  const program = fileURLToPath(new URL('server.fixture.mjs', import.meta.url));
  child = spawn(process.execPath, [program, join(parent, 'pets'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout!, 'data');
  url = new URL(String(line).trim());
});
afterAll(async () => {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  await rm(parent, { recursive: true, force: true });
});

/** The status of an answer; `cut` if the server closed the connection while the body was still being sent. */
async function post(
  body: Readable | Uint8Array,
  headers: Record<string, string>,
  path = '/classify',
): Promise<number | 'cut'> {
  const asked = request(new URL(path, url), { method: 'POST', headers, agent: false });
  const answered = new Promise<number | 'cut'>((resolve) => {
    asked.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    asked.on('error', () => resolve('cut'));
    asked.on('close', () => resolve('cut'));
  });
  if (body instanceof Readable) body.on('error', () => {}).pipe(asked);
  else asked.end(body);
  const status = await answered;
  if (body instanceof Readable) body.destroy();
  asked.destroy();
  return status;
}

/** Zeros, made as they are sent. */
function zeros(byteCount: number): Readable {
  const chunk = Buffer.alloc(64 * 1024);
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < byteCount; sent += chunk.length) yield chunk;
    })(),
  );
}

/** What a server sends to a client that stops in the middle of a request, until it closes the connection. */
async function stopAfter(text: string): Promise<string> {
  const socket = connect(Number(url.port), url.hostname);
  let received = '';
  socket.on('data', (data) => {
    received += data.toString();
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return received;
}

/** Bytes of memory; of Linux. */
async function memory(key: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)![1]);
}

const times = <Result>(count: number, run: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

describe.skipIf(process.platform !== 'linux')('200 hostile clients at a time', () => {
  it('50: 200 hostile clients take a bounded amount of memory, and others are answered meanwhile', async () => {
    const jpeg = { 'Content-Type': 'image/jpeg' };
    // All parts of the server have run.
    await times(10, () => post(image, jpeg));
    const before = await memory('VmRSS');
    const head = 'POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n';
    const hostile = {
      declared: times(30, () => post(zeros(100 * MiB), { ...jpeg, 'Content-Length': String(100 * MiB) })),
      chunked: times(30, () => post(zeros(100 * MiB), jpeg)),
      // 480 MiB in all.
      full: times(40, () => post(zeros(12 * MiB), { ...jpeg, 'Content-Length': String(12 * MiB) })),
      wrongType: times(40, () => post(zeros(MiB), { 'Content-Type': 'text/html' })),
      slowHead: times(30, () => stopAfter(head)),
      slowBody: times(30, () => stopAfter(`${head}\r\n1`)),
    };
    let isOver = false;
    const all = Promise.all(Object.values(hostile)).finally(() => {
      isOver = true;
    });
    const others: (number | 'cut')[] = [];
    while (!isOver) others.push(await post(image, jpeg));
    await all;
    // A client may have to try again while large bodies take all the memory.
    expect(['200', '429']).toEqual(expect.arrayContaining([...new Set(others)].map(String)));
    const answeredCount = others.filter((status) => status === 200).length;
    expect(answeredCount).toBeGreaterThan(10);
    expect(answeredCount / others.length).toBeGreaterThan(0.5);
    const seen = async (statuses: Promise<(number | 'cut')[]>) => [...new Set(await statuses)].map(String).toSorted();
    // A client that still sends may see the connection close before it reads the answer, and a slow machine may take too long.
    expect(['413', 'cut']).toEqual(expect.arrayContaining(await seen(hostile.declared)));
    expect(['408', '413', '429', 'cut']).toEqual(expect.arrayContaining(await seen(hostile.chunked)));
    expect(['408', '422', '429', 'cut']).toEqual(expect.arrayContaining(await seen(hostile.full)));
    expect(['415', 'cut']).toEqual(expect.arrayContaining(await seen(hostile.wrongType)));
    for (const answer of [...(await hostile.slowHead), ...(await hostile.slowBody)])
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    const growth = (await memory('VmHWM')) - before;
    expect(growth / MiB).toBeLessThan(300);
    expect(await post(image, jpeg)).toBe(200);
  });
});

/** A text of about that many bytes: a part again and again, between two others. */
const filled = (start: string, part: string, end: string, byteCount = 15 * MiB) =>
  Buffer.from(start + part.repeat(Math.floor(byteCount / part.length)) + end);
const inferBody = (data: string, part: string, end: string, byteCount?: number) =>
  filled(`{"inputs":[${data}`, part, `${end}]}`, byteCount);
const image3 = '{"name":"image","datatype":"BYTES","shape":[3],"data":[';
const pixels = '{"name":"pixels","datatype":"UINT8","shape":[1,2,2,3],"data":[';

/** JSON with the length of the binary data that follows it. */
function binaryInput(byteCount: number) {
  const json = `{"inputs":[{"name":"image","datatype":"BYTES","shape":[3],"parameters":{"binary_data_size":${byteCount}}}]}`;
  return {
    body: Buffer.concat([Buffer.from(json), Buffer.alloc(byteCount)]),
    headers: { 'Inference-Header-Content-Length': String(json.length) },
  };
}

describe.skipIf(process.platform !== 'linux')('one hostile body', () => {
  const json = { 'Content-Type': 'application/json' };
  const form = { 'Content-Type': 'multipart/form-data; boundary=0123456789012345678901234567' };
  const delimiter = `--${form['Content-Type'].split('=')[1]}\r\n`;
  const part = `${delimiter}Content-Disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n`;
  const infer = '/v2/models/lively/infer';
  const binary = binaryInput(4 * MiB);
  /** Of one key each. */
  const keys = Array.from({ length: 999_000 }, (_, index) => `"${index}":0`).join(',');
  it.each([
    ['a million empty images', filled('{"images":["",', '"",', '""]}', 4 * MiB), json, '/classify', 413],
    ['a million images', filled('{"images":["AAAA",', '"AAAA",', '"AAAA"]}'), json, '/classify', 413],
    ['a million keys', filled('{"a":0,', '"b":0,', '"c":0}'), json, '/classify', 413],
    ['a long key', filled('{"', 'a', '":0}'), json, '/classify', 400],
    ['a string of escapes', filled('{"image":"', '\\n', '"}'), json, '/classify', 400],
    ['nested lists', filled('', '[', ''), json, '/classify', 400],
    ['pixels as nested lists', inferBody(pixels, '[', ''), json, infer, 400],
    ['pixels as many numbers', inferBody(pixels, '1,', '1]}'), json, infer, 413],
    ['pixels as numbers up to the limit', inferBody(pixels, '1,', '1]}', 1.9e6), json, infer, 400],
    ['pixels as objects up to the limit', inferBody(pixels, '{},', '1]}', 1.4e6), json, infer, 400],
    ['many encoded images', inferBody(image3, '"",', '""]}', 2.9e6), json, infer, 400],
    [
      'a shape of many dimensions',
      inferBody('{"name":"image","datatype":"BYTES","data":[],"shape":[', '"",', '1]}', 2.9e6),
      json,
      infer,
      400,
    ],
    ['many outputs', filled('{"inputs":[],"outputs":[', '0,', '0]}', 1.9e6), json, infer, 400],
    ['many inputs', filled('{"inputs":[', '0,', '0]}', 1.9e6), json, infer, 400],
    ['many unknown keys', Buffer.from(`{${keys}}`), json, infer, 400],
    ['many empty elements as bytes', binary.body, { ...json, ...binary.headers }, infer, 400],
    ['a form of many parts', filled('', part, `${delimiter}--`), form, '/classify', 413],
    ['a form of many headers', filled(delimiter, 'a: b\r\n', ''), form, '/classify', 400],
  ] as const)(
    '50: a body of %s takes neither much memory nor the time of others',
    async (_, body, headers, path, expected) => {
      // The peak starts again.
      await writeFile(`/proc/${child.pid}/clear_refs`, '5');
      const before = await memory('VmRSS');
      let isOver = false;
      const answer = post(body, headers, path).finally(() => {
        isOver = true;
      });
      let longest = 0;
      while (!isOver) {
        const start = performance.now();
        expect((await fetch(new URL('/healthz', url))).status).toBe(200);
        longest = Math.max(longest, performance.now() - start);
      }
      expect(await answer).toBe(expected);
      expect(longest).toBeLessThan(2000);
      expect(((await memory('VmHWM')) - before) / MiB).toBeLessThan(300);
    },
  );
});

describe.skipIf(process.platform !== 'linux')('a body in chunks of one byte', () => {
  it('50: a body in chunks of one byte is refused before it takes much time or memory', async () => {
    await writeFile(`/proc/${child.pid}/clear_refs`, '5');
    const before = await memory('VmRSS');
    const socket = connect(Number(url.port), url.hostname);
    const head =
      'POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n';
    socket.write(head + '1\r\nx\r\n'.repeat(MiB));
    socket.end('0\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    expect(String(answer)).toContain('Expected a body in chunks of at least 16 bytes on average');
    socket.destroy();
    expect(((await memory('VmHWM')) - before) / MiB).toBeLessThan(100);
  });
});
