import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemErrorFix, systemErrorMessage, systemErrorReason, systemErrorText } from './system-error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-errors-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true }));

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test.each<[string, () => Promise<unknown>, string]>([
  ['a missing file', () => readFile(join(folder, 'none')), 'no such file or folder'],
  ['a path below a file', () => readFile(join(folder, 'file/below')), 'a part of the path is not a folder'],
  ['a folder', () => readFile(folder), 'it is a folder'],
  ['a readdir of a file', () => readdir(join(folder, 'file')), 'a part of the path is not a folder'],
  ['too long a name', () => readFile(join(folder, 'x'.repeat(5000))), 'name too long'],
  [
    'a closed port',
    () => new Promise((_, failed) => connect(9, '127.0.0.1').on('error', failed)),
    'connection refused',
  ],
  ['another error', () => Promise.reject(new TypeError('not this')), 'not this'],
  ['a thrown string', () => Promise.reject('a text'), 'a text'],
])('describes %s', async (_, work, text) => expect(systemErrorText(await failure(work()))).toBe(text));

test('describes every error code of this system without the code', () => {
  for (const [name] of getSystemErrorMap().values())
    expect(systemErrorText(Object.assign(new Error(`${name}: at`), { code: name }))).not.toContain(name);
});

test.each<[string, string, string]>([
  ['ENOSPC', 'no space left on the disk', 'free some space'],
  ['EDQUOT', 'disk quota exceeded', 'free some space, or raise the quota'],
  ['EFBIG', 'file too large', 'raise the limit on the size of files (ulimit -f)'],
  ['EIO', 'input/output error', 'check the disk and the log of the operating system'],
  ['EMFILE', 'too many open files', 'raise the limit on open files (ulimit -n)'],
  ['ENFILE', 'too many open files on this machine', 'close other programs, or raise'],
])('says what fixes %s', (code, text, fix) => {
  const error = Object.assign(new Error(`${code}: as Node.js says it, open '/x'`), { code, path: '/x' });
  expect(systemErrorMessage(error)).toContain(`Cannot read or write /x: ${text}; ${fix}`);
  expect(systemErrorMessage(Object.assign(new Error(`${code}: write`), { code }))).toContain('read or write a file: ');
  // An error that has a message of its own.
  expect(systemErrorMessage(Object.assign(new Error('Cannot write /x.'), { code }))).toBeUndefined();
});

test.each([new Error('ENOENT: x'), new TypeError('x'), 'ENOSPC: x', undefined, null])(
  'has no message for what it cannot fix: %s',
  (error) => expect(systemErrorMessage(error)).toBeUndefined(),
);

test('has no fix for an error that says enough', () =>
  expect(systemErrorFix(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeUndefined());

test.each([
  ['ENOSPC', 'no space left on the disk; free some space'],
  ['ENOENT', 'no such file or folder'],
])('says what happened and, if something does, what fixes %s', (code, reason) =>
  expect(systemErrorReason(Object.assign(new Error('x'), { code }))).toBe(reason),
);
