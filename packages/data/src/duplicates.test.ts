import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDuplicates } from './duplicates.ts';
import { DataError } from './errors.ts';
import { scanImageFolder } from './image-folder.ts';
import { checkMemory } from './memory.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-duplicates-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('findDuplicates', () => {
  it('row 12: reports equal bytes in two splits, and neither equal sizes nor copies within one split', async () => {
    const contents = {
      'train/a/1.jpg': 'same',
      'train/a/2.jpg': 'twin',
      'train/a/3.jpg': 'twin',
      'train/b/1.jpg': 'else',
      'test/a/9.jpg': 'same',
      'test/b/9.jpg': 'othr',
    };
    for (const [path, content] of Object.entries(contents)) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), content);
    }
    const { images } = await scanImageFolder(root);
    const indexOf = (path: string) => images.findIndex((image) => image.relativePath === path);
    const of = (...paths: string[]) => Uint32Array.from(paths, indexOf);
    const sets = new Map([
      ['fit', of('train/a/1.jpg', 'train/a/2.jpg', 'train/a/3.jpg', 'train/b/1.jpg')],
      ['tune', of()],
      ['test', of('test/a/9.jpg', 'test/b/9.jpg')],
    ]);
    const groups = await findDuplicates(images, sets);
    expect(groups.map(({ paths, splits }) => ({ paths, splits }))).toEqual([
      { paths: ['test/a/9.jpg', 'train/a/1.jpg'], splits: ['fit', 'test'] },
    ]);
  });
});

describe('checkMemory', () => {
  const need = { imageCount: 1000, imageSizes: [1000], laneBytes: 2e9 };

  it('refuses what the machine cannot hold, with both figures and what to lower', () => {
    expect(() => checkMemory(need, 4e9)).toThrow(DataError);
    expect(() => checkMemory(need, 4e9)).toThrow(
      /need 3\.0 GB and training 2\.0 GB; this machine has 4\.0 GB\. Lower inputSize/,
    );
    expect(() => checkMemory(need, 5e9)).not.toThrow();
  });
});
