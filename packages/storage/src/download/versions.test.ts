/** For any sequence of server behaviors, the published file is one complete version. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sha256 } from '../checksum.ts';
import { StorageError } from '../errors.ts';
import { fetchFile } from './fetch-file.ts';
import { type Behavior, content, hostileServer, serve, status, whole } from './hostile-server.fixture.ts';

const versions = [content, Buffer.from(content).reverse()] as const;
const names = versions.map(sha256);

beforeAll(() => {
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  vi.stubEnv('no_proxy', '127.0.0.1');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const version = fc.constantFrom(0, 1);
const tagOf = (index: number) => ['"one"', '"two"'][index]!;

/** Correct responses, and responses with a wrong version or a wrong range. */
const behavior: fc.Arbitrary<Behavior> = fc.oneof(
  version.map((index) => serve(versions[index], tagOf(index))),
  version.map((index) => whole({ 'content-length': content.length, etag: tagOf(index) }, versions[index])),
  version.map((index) => whole({ 'content-length': content.length }, versions[index])),
  fc.constantFrom(status(416), status(503), status(206)),
  // Breaks the connection within the file or the requested range, with or without a tag.
  fc.tuple(version, fc.constantFrom(0, 0.3, 0.999, 1), fc.boolean()).map(
    ([index, share, tagged]): Behavior =>
      (request, response) => {
        const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const rest = versions[index]!.subarray(first);
        const headers = { 'content-length': rest.length, ...(tagged ? { etag: tagOf(index) } : {}) };
        const range = { 'content-range': `bytes ${first}-${content.length - 1}/${content.length}` };
        response.writeHead(first > 0 ? 206 : 200, first > 0 ? { ...headers, ...range } : headers);
        response.write(rest.subarray(0, Math.ceil(share * rest.length)), () => response.destroy());
      },
  ),
);

it.each([
  ['a publisher hash', true],
  ['only the headers of the server', false],
])('publishes one complete version with %s', async (_, hasHash) => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(behavior, { minLength: 1, maxLength: 6 }), async (behavior) => {
      const folder = await mkdtemp(join(tmpdir(), 'chorus-versions-'));
      const server = await hostileServer(...behavior);
      const path = join(folder, 'some.bin');
      const outcome = await fetchFile(
        { url: server.url, ...(hasHash ? { sha256: names[0]! } : {}) },
        {
          path,
          maximumBytes: 1_000_000,
          limits: { firstDelayMs: 0, longestDelayMs: 10 },
          allowLoopbackHttp: true,
        },
      ).catch((error) => {
        expect(error).toBeInstanceOf(StorageError);
        return undefined;
      });
      outcomes.add(outcome === undefined ? 'refused' : 'taken');
      if (outcome === undefined) expect(await readdir(folder)).not.toContain('some.bin');
      else {
        expect(hasHash ? names.slice(0, 1) : names).toContain(outcome.sha256);
        expect(sha256(await readFile(path))).toBe(outcome.sha256);
      }
      await server.close();
      await rm(folder, { recursive: true, force: true });
    }),
    { numRuns: 150 },
  );
  expect([...outcomes].toSorted()).toEqual(['refused', 'taken']);
});
