import { expect, it } from 'vitest';
import { PredictorError } from './errors.ts';
import { fetchBytes, httpPlace } from './http-place.ts';

it.each([
  ['a bundle', () => httpPlace(new URL('http://anna:secret@localhost:1/pets')).read('SHA256SUMS', { maxBytes: 9 })],
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
