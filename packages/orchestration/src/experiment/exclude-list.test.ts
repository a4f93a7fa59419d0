import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { csvLine } from '../csv.ts';
import { ConfigError } from '../errors.ts';
import { readExcludeList } from './exclude-list.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-exclude-list-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array, name = 'list.txt') {
  await writeFile(join(folder, name), content);
  return readExcludeList(join(folder, name));
}
const pathsOf = (list: { path: string }[]) => list.map(({ path }) => path);

describe('a list', () => {
  it('has one path per line, with comments and empty lines', async () => {
    expect(
      await read('# Wrong labels.\n\ncats/1.jpg\ndogs/say "hi", you.jpg\n  \n#cats/2.jpg\ndogs/3 # 4.jpg'),
    ).toEqual([
      { path: 'cats/1.jpg', line: 3 },
      { path: 'dogs/say "hi", you.jpg', line: 4 },
      { path: 'dogs/3 # 4.jpg', line: 7 },
    ]);
  });

  it('may have the line ends and the byte order mark of Windows', async () => {
    expect(await read('\ufeffcats/1.jpg\r\ncats/2.jpg\r\n')).toEqual([
      { path: 'cats/1.jpg', line: 1 },
      { path: 'cats/2.jpg', line: 2 },
    ]);
  });

  it('may be empty', async () => {
    expect(await read('')).toEqual([]);
    expect(await read('# nothing yet\n')).toEqual([]);
  });
});

describe('a table', () => {
  it.each([',', ';', '\t'])('has a column path, separated by %j', async (delimiter) => {
    const lines = ['set,path,note', 'test,cats/1.jpg,', '# training,cats/2.jpg,', 'training,"cats/3, 4.jpg",ok'];
    const text = lines.join('\n').replaceAll(/,(?! )/g, delimiter);
    expect(await read(`${text}\n`)).toEqual([
      { path: 'cats/1.jpg', line: 2 },
      { path: 'cats/3, 4.jpg', line: 4 },
    ]);
  });

  it.each([
    ['path ,set', 'cats/1.jpg,test'],
    [' path , set', 'cats/1.jpg,test'],
    ['set, path', 'test,cats/1.jpg'],
    ['path ', 'cats/1.jpg'],
    ['path\t', 'cats/1.jpg\t'],
  ])('may have spaces in its header: %j', async (header, line) => {
    expect(pathsOf(await read(`${header}\r\n${line}\r\n`))).toEqual(['cats/1.jpg']);
  });

  it('may have only that column', async () => {
    expect(pathsOf(await read('path\ncats/1.jpg\n'))).toEqual(['cats/1.jpg']);
  });

  it('returns every name that Chorus writes into one', async () => {
    const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(names, async (paths) => {
        const text = [['path', 'score'], ...paths.map((path) => [path, 0.5])].map(csvLine).join('');
        expect(pathsOf(await read(text, 'issues.csv'))).toEqual(paths);
      }),
      { examples: [[['#1/a.jpg', 'a\nb.jpg', 'a\r\n"b".jpg', ' a.jpg ', '"', '\ufeff']]] },
    );
  });

  it('without a column path is refused under the name of a table', async () => {
    const reading = read('file,label\ncats/1.jpg,cats\n', 'other.csv');
    await expect(reading).rejects.toThrow(ConfigError);
    await expect(reading).rejects.toThrow(
      /^Expected a column "path" in the first line of \S+other\.csv, received "file,label"; to list one path per line, use another extension, such as \.txt\.$/,
    );
  });

  it('that is not valid is refused with its line', async () => {
    await expect(read('path,set\ncats/1.jpg,test\n"cats/2.jpg,test\n', 'open.csv')).rejects.toThrow(
      /^\S+open\.csv:3: not a valid CSV table: Quote Not Closed/,
    );
  });
});

test.each<[string, string | Uint8Array, RegExp]>([
  [
    'of bytes that are not UTF-8',
    Uint8Array.of(0x63, 0xe9, 0x0a),
    /^Expected a list of images in UTF-8, received other bytes in \S+; save it as UTF-8\.$/,
  ],
  ['in UTF-16', Uint8Array.of(0xff, 0xfe, 0x63, 0x00), /^Expected a list of images in UTF-8/],
])('refuses a list %s', (_, content, message) => expect(read(content)).rejects.toThrow(message));

it('refuses a file that cannot be read', async () => {
  const reading = readExcludeList(join(folder, 'none.txt'));
  await expect(reading).rejects.toThrow(ConfigError);
  await expect(reading).rejects.toThrow(
    /^Cannot read the list of images to exclude, \S+none\.txt: no such file or folder\.$/,
  );
  await expect(readExcludeList(folder)).rejects.toThrow(/^Cannot read the list of images to exclude, .*: a folder/);
});
