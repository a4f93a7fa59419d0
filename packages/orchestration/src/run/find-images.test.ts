import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { findImages } from './find-images.ts';
import { nameOf } from './image-input.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chorus-find-'));
  const names = ['a.jpg', 'b.png', 'in/c.jpg', 'in/deep/d.jpg', 'in/.hidden.jpg', '[x]*.jpg', '-y.jpg', 'other/x.jpg'];
  for (const name of names) {
    await mkdir(join(base, name, '..'), { recursive: true });
    await writeFile(join(base, name), Buffer.from([0xff, 0xd8, 0xff]));
  }
  await mkdir(join(base, 'empty'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** Paths relative to the base. */
async function found(...words: string[]): Promise<string[]> {
  const { inputs } = await findImages(words, { base });
  return inputs.map((input) => nameOf(input).replace(`${base}/`, ''));
}

describe('findImages', () => {
  it.each<[string, string[], string[]]>([
    ['files in the given order, repeated ones too', ['b.png', 'a.jpg', 'b.png'], ['b.png', 'a.jpg', 'b.png']],
    ['the files of a folder and its subfolders, except hidden ones', ['in'], ['in/c.jpg', 'in/deep/d.jpg']],
    ['a pattern', ['*.png'], ['b.png']],
    ['a pattern over several folders', ['in/**/*.jpg'], ['in/c.jpg', 'in/deep/d.jpg']],
    ['everything below', ['in/**'], ['in/c.jpg', 'in/deep/d.jpg']],
    ['all files of matching folders', ['{in,other}'], ['in/c.jpg', 'in/deep/d.jpg', 'other/x.jpg']],
    ['an existing file whose name is a pattern', ['[x]*.jpg'], ['[x]*.jpg']],
    ['a file named like an option', ['-y.jpg'], ['-y.jpg']],
    ['a pattern that matches nothing', ['*.webp'], ['*.webp']],
    ['a missing file', ['none.jpg'], ['none.jpg']],
    ['an empty folder', ['empty'], ['empty']],
    ['URLs', ['https://example.org/a?b=*'], ['https://example.org/a?b=*']],
    ['other URLs, named without a password', ['ftp://me:secret@example.org/a'], ['ftp://example.org/a']],
    ['URLs, named without a password', ['https://me:secret@example.org/a'], ['https://example.org/a']],
  ])('finds %s', async (_, words, expected) => {
    expect(await found(...words)).toEqual(expected);
  });

  it('follows matching links to files, as a shell does, but not with "**"', async () => {
    await mkdir(join(base, 'links'));
    await symlink('../a.jpg', join(base, 'links/file.jpg'));
    expect(await found('links/*.jpg')).toEqual(['links/file.jpg']);
    expect(await found('links/**/*.jpg')).toEqual(['links/**/*.jpg']);
  });

  it('accepts absolute patterns', async () => {
    expect(await found(join(base, 'in/*.jpg'))).toEqual(['in/c.jpg']);
  });

  it('reports arguments without a match', async () => {
    const { inputs } = await findImages(['*.webp', 'empty'], { base });
    expect(inputs.map((input) => input.kind === 'missing' && input.reason)).toEqual([
      'no file matches this name or pattern',
      'no images in this folder',
    ]);
  });

  it('reads standard input once, and refuses a terminal', async () => {
    const stdin = Readable.from([Buffer.from('x')]);
    const { inputs } = await findImages(['-', 'a.jpg'], { base, stdin });
    expect(inputs.map(({ kind }) => kind)).toEqual(['stream', 'file']);
    await expect(findImages(['-', '-'], { base, stdin })).rejects.toThrow(ConfigError);
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    await expect(findImages(['-'], { base, stdin: terminal })).rejects.toThrow(/received a terminal/);
  });
});
