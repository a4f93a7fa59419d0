import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageError } from '../errors.ts';
import { whyUnsafe } from './entry-name.ts';
import { unzip } from './unzip.ts';
import { type EntryToWrite, zip } from './zip.fixture.ts';

const limits = { entryCount: 10, bytes: 100_000, ratio: 50 };

let folder: string;
let archive: string;
let into: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-zip-'));
  archive = join(folder, 'some.zip');
  into = join(folder, 'into');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Returns every file below `into` with its content. */
async function unpacked(): Promise<Record<string, string>> {
  const entries = await readdir(into, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return Object.fromEntries(files.map((file, index) => [relative(into, file), contents[index]!]));
}

describe('unzip', () => {
  it('unpacks stored, deflated and empty files, in listed and unlisted folders', async () => {
    const long = 'abc'.repeat(1000);
    await writeFile(
      archive,
      zip([
        { name: 'a/', mode: 0o040755 },
        { name: 'a/stored', content: 'one' },
        { name: 'b/c/deflated.txt', content: long, deflate: true },
        { name: 'b/', mode: 0 },
        { name: 'empty', mode: 0 },
        { name: 'öäü – 猫', content: 'two' },
      ]),
    );
    await unzip(archive, into, limits);
    expect(await unpacked()).toEqual({ 'a/stored': 'one', 'b/c/deflated.txt': long, empty: '', 'öäü – 猫': 'two' });
    expect((await readdir(folder)).toSorted()).toEqual(['into', 'some.zip']);
    await expect(unzip(archive, into, limits)).rejects.toThrow('into already exists');
  });

  it('renames and skips files', async () => {
    await writeFile(archive, zip([{ name: 'top/a/b', content: 'one' }, { name: 'top/c' }]));
    await unzip(archive, into, limits, (name) => (name.startsWith('top/a/') ? name.slice('top/'.length) : undefined));
    expect(await unpacked()).toEqual({ 'a/b': 'one' });
    await rm(into, { recursive: true });
    await expect(unzip(archive, into, limits, () => 'x')).rejects.toThrow(
      /Expected one file for x in .*, received a second one, top\/c/,
    );
    expect(await readdir(folder)).toEqual(['some.zip']);
  });

  const bomb = Buffer.alloc(90_000);
  it.each<[string, EntryToWrite[], RegExp]>([
    ['a name that leaves the folder', [{ name: '../a' }], /invalid relative path: \.\.\/a/],
    ['a nested name that leaves the folder', [{ name: 'a/../../b' }], /invalid relative path/],
    ['an absolute name', [{ name: '/tmp/a' }], /absolute path/],
    ['a drive letter', [{ name: 'c:/a' }], /absolute path/],
    ['a backslash', [{ name: 'a\\..\\b' }], /invalid characters/],
    ['an empty path component', [{ name: 'a//b' }], /"a\/\/b": it contains an empty component/],
    ['a dot', [{ name: './a' }], /it contains "\." or "\.\."/],
    ['an empty name', [{ name: '' }], /it contains an empty component/],
    ['a null character', [{ name: 'a\u0000b' }], /a control character/],
    ['a name of 256 bytes', [{ name: 'ä'.repeat(128) }], /longer than 255 bytes/],
    ['a link', [{ name: 'a', content: '/etc/passwd', mode: 0o120777 }], /"a", a link or a device/],
    ['a device', [{ name: 'a', mode: 0o060644 }], /"a", a link or a device/],
    ['a folder name with the mode of a file', [{ name: 'a/', mode: 0o100644 }], /"a\/", a link or a device/],
    ['a duplicate name', [{ name: 'a' }, { name: 'b' }, { name: 'a' }], /unique names .*received "a", which/],
    ['names that some file systems equate', [{ name: 'K\u00e4se' }, { name: 'ka\u0308se' }], /unique names/],
    ['a file used as a folder', [{ name: 'a' }, { name: 'a/b' }], /unique names .*received "a\/b", which/],
    ['a folder listed later as a file', [{ name: 'a/b' }, { name: 'a' }], /unique names .*received "a", which/],
    ['an encrypted file', [{ name: 'a', flags: 1, content: 'x' }], /sizes? mismatch|encrypted/],
    ['too many files', Array.from({ length: 11 }, (_, index) => ({ name: `${index}` })), /at most 10 .*received 11/],
    ['too many bytes', [1, 2].map((name) => ({ name: `${name}`, content: bomb })), /at most 100000 unpacked bytes/],
    ['a zip bomb', [{ name: 'a', content: bomb, deflate: true }], /at most \d+ unpacked bytes .*received more/],
    ['a zip bomb with a false size', [{ name: 'a', content: bomb, deflate: true, bytes: 5 }], /too many bytes/],
    ['less content than declared', [{ name: 'a', content: 'abc', deflate: true, bytes: 5 }], /not enough bytes/],
    [
      'a wrong checksum',
      [{ name: 'b' }, { name: 'a', content: 'abc', crc: 1 }],
      /"a" in .*expected CRC-32 00000001, received 352441c2/,
    ],
    ['content at a wrong offset', [{ name: 'a', content: 'abc', offset: 9_999 }], /^Cannot unzip "a" in /],
  ])('rejects %s and leaves nothing', async (_, entries, message) => {
    await writeFile(archive, zip(entries));
    const attempt = unzip(archive, into, limits);
    await expect(attempt).rejects.toThrow(StorageError);
    await expect(attempt).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(['some.zip']);
  });

  it('rejects a damaged or missing zip file with a one-line error', async () => {
    const good = zip([{ name: 'a', content: 'abc'.repeat(100), deflate: true }]);
    for (const bytes of [0, 10, 60, good.length - 30, good.length - 1].map((end) => good.subarray(0, end))) {
      await writeFile(archive, bytes);
      await expect(unzip(archive, into, limits)).rejects.toThrow(/^Cannot unzip [^\n]+[^.\n]\.$/);
    }
    await expect(unzip(join(folder, 'none'), into, limits)).rejects.toThrow(/none: no such file or folder/);
    expect(await readdir(folder)).toEqual(['some.zip']);
  });

  it('detects every flipped bit of the content', async () => {
    const entries = [{ name: 'a', content: 'some text, '.repeat(20), deflate: true }];
    const good = zip(entries);
    const contentEnd = good.indexOf('PK\x01\x02');
    for (let position = 31; position < contentEnd; position += 1) {
      const bad = Buffer.from(good);
      bad[position]! ^= 1;
      await writeFile(archive, bad);
      await expect(unzip(archive, into, limits)).rejects.toThrow(StorageError);
    }
  });
});

describe('names', () => {
  const part = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '',
      'a',
      'B',
      'C:',
      '~',
      '\\',
      '..\\',
      ' ',
      '\u0000',
      'con',
      '-rf',
      '…',
      '%2e%2e',
      '. .',
    ),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
  );
  const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));

  it('stay inside the folder if accepted', () => {
    fc.assert(
      fc.property(name, (text) => {
        if (whyUnsafe(text) !== undefined) return;
        const way = relative('/root/into', resolve('/root/into', text));
        expect(way === '' || way.startsWith('..') || isAbsolute(way)).toBe(false);
        expect(way).toBe(text.replace(/\/$/, ''));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never create a file outside the folder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), async (names) => {
        await writeFile(archive, zip(names.map((text) => ({ name: text, content: text.endsWith('/') ? '' : text }))));
        const taken = await unzip(archive, into, limits).then(
          () => true,
          (error) => {
            expect(error).toBeInstanceOf(StorageError);
            return false;
          },
        );
        expect((await readdir(folder)).toSorted()).toEqual(taken ? ['into', 'some.zip'] : ['some.zip']);
        if (taken)
          expect(await unpacked()).toEqual(
            Object.fromEntries(names.filter((text) => !text.endsWith('/')).map((text) => [text, text])),
          );
        await rm(into, { recursive: true, force: true });
      }),
      { numRuns: 300 },
    );
  });
});
