import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { PredictorError } from './errors.ts';
import { fetchBytes, httpPlace } from './http-place.ts';

it.each([
  [
    'a bundle',
    () =>
      httpPlace(new URL('http://anna:secret@localhost:1/pets?signature=secret')).read('SHA256SUMS', { maxBytes: 9 }),
  ],
  [
    'an image',
    () =>
      fetchBytes(new URL('http://:secret@localhost:1/cat.jpg'), 'http://:secret@localhost:1/cat.jpg', { maxBytes: 9 }),
  ],
])('refuses a password in the URL of %s, and does not repeat it', async (_, read) => {
  const error: unknown = await read().catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PredictorError);
  expect(String(error)).toMatch(/localhost:1\/.*: expected a URL without a user name and a password\.$/);
  expect(String(error)).not.toMatch(/anna|secret/);
});

it('repeats the query in every request, and hides it from messages and from the cache', async () => {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    response.statusCode = request.url?.includes('missing') ? 404 : 200;
    response.end('content');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const cached: string[] = [];
    const place = httpPlace(
      new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/pets?signature=a%2Fb#top`),
      {
        find: async ({ search }) => void cached.push(search),
        keep: async () => {},
      },
    );
    await place.read('members/a b.onnx', { maxBytes: 99, sha256: '00' });
    const error: unknown = await place.read('missing', { maxBytes: 99 }).catch((caught: unknown) => caught);
    expect(requests).toEqual(['/pets/members/a%20b.onnx?signature=a%2Fb', '/pets/missing?signature=a%2Fb']);
    expect(cached).toEqual(['']);
    expect(String(error)).toMatch(/\/pets\/missing: the server answered with status 404/);
  } finally {
    server.close();
  }
});
