import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLines } from './line-reader.ts';
import { UnreadableFileError } from './regular-file.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-lines-'));
  path = join(folder, 'lines');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function linesOf(content: string | Uint8Array, limits = { maxBytes: 2 ** 22, maxLineBytes: 2 ** 21 }) {
  await writeFile(path, content);
  return collect(readLines(path, limits));
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

it('yields what was joined, also beyond one chunk', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''))),
      fc.integer({ min: 0, max: 2 ** 20 + 10 }),
      fc.constantFrom('\n', '\r\n'),
      async (lines, longLength, end) => {
        const all = ['ä'.repeat(longLength / 2), ...lines, 'last'];
        expect(await linesOf(all.join(end))).toEqual(all);
      },
    ),
    { numRuns: 20 },
  ));

it('skips a line that is too long, and only that one', async () => {
  expect(await linesOf('a\nbbbb\nccc\ndddd', { maxBytes: 100, maxLineBytes: 3 })).toEqual(['a', 'ccc']);
});

it('yields no line of an empty file, and none after the last end', async () => {
  expect(await linesOf('')).toEqual([]);
  expect(await linesOf('a\n\n')).toEqual(['a', '']);
});

it('refuses a file above maxBytes and a named pipe', async () => {
  await expect(linesOf('abc', { maxBytes: 2, maxLineBytes: 9 })).rejects.toThrow('3 bytes, expected at most 2');
  await rm(path);
  execFileSync('mkfifo', [path]);
  await expect(collect(readLines(path, { maxBytes: 9, maxLineBytes: 9 }))).rejects.toThrow(UnreadableFileError);
});
