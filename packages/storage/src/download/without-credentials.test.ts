import { expect, test } from 'vitest';
import { withoutCredentials } from './without-credentials.ts';

test.each([
  ['https://example.org/a?b=c', 'https://example.org/a?b=c'],
  ['HTTPS://Example.org/@me/a', 'HTTPS://Example.org/@me/a'],
  ['https://me:secret@example.org/@you', 'https://example.org/@you'],
  ['https://me@example.org/a', 'https://example.org/a'],
  ['https:me:secret@example.org/a', 'https://example.org/a'],
  [' https://me:secret@example.org/a', 'https://example.org/a'],
  ['ftp://me:secret@example.org/a', 'ftp://example.org/a'],
  ['https://me:sec/ret@example.org:x/a', 'https://example.org:x/a'],
  ['https://me:s\ncret@example.org:x/a', 'https://example.org:x/a'],
  ['//me:secret@example.org/a', 'example.org/a'],
  ['me:secret@example.org/a', 'example.org/a'],
  ['file:///a/@b', 'file:///a/@b'],
  ['/a/b', '/a/b'],
])('%j: %j', (url, expected) => expect(withoutCredentials(url)).toBe(expected));
