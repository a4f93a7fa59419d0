import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { DataError } from './errors.ts';
import { scanImageFolder } from './image-folder.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-folder-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Empty files: a scan opens none of them. */
async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), '');
  }
}

describe('scanImageFolder', () => {
  it('reads a plain folder of classes, sorted, whatever order they were made in', async () => {
    await put('dogs/b.jpg', 'cats/c.png', 'dogs/a.JPEG', 'cats/.hidden.jpg', 'cats/notes.txt', '.git/x.jpg');
    const { classes, images } = await scanImageFolder(root);
    expect(classes).toEqual(['cats', 'dogs']);
    expect(images.map(({ relativePath, label, folder }) => [relativePath, label, folder])).toEqual([
      ['cats/c.png', 0, null],
      ['dogs/a.JPEG', 1, null],
      ['dogs/b.jpg', 1, null],
    ]);
  });

  it('reads train and validation folders and keeps them apart', async () => {
    await put('train/a/1.jpg', 'train/a/2.jpg', 'train/b/1.jpg', 'validation/a/1.jpg', 'validation/b/1.jpg');
    const { images } = await scanImageFolder(root, { limitPerClass: 1 });
    expect(images.map(({ relativePath, folder }) => [relativePath, folder])).toEqual([
      ['train/a/1.jpg', 'train'],
      ['train/b/1.jpg', 'train'],
      ['validation/a/1.jpg', 'validation'],
      ['validation/b/1.jpg', 'validation'],
    ]);
  });

  it('skips a named pipe without opening it, a folder named like an image, and a broken link', async () => {
    await put('a/1.jpg', 'b/1.jpg', 'a/folder.jpg/x');
    execFileSync('mkfifo', [join(root, 'a', 'pipe.jpg')]);
    await symlink(join(root, 'nowhere'), join(root, 'a', 'link.jpg'));
    const { images, skipped } = await scanImageFolder(root);
    expect(images).toHaveLength(2);
    expect(skipped).toEqual([
      { path: 'a/folder.jpg', reason: 'a folder, not an image' },
      { path: 'a/link.jpg', reason: 'broken link' },
      { path: 'a/pipe.jpg', reason: 'a named pipe, not an image' },
    ]);
  });

  test.each<[string, string[], RegExp]>([
    ['no class', [], /at least two, received none/],
    ['one class', ['cats/1.jpg'], /at least two, received only "cats"/],
    ['an empty class', ['cats/1.jpg', 'dogs/readme.txt'], /Expected images of class "dogs" in .*dogs, received none/],
    [
      'a class without test images',
      ['train/a/1.jpg', 'train/b/1.jpg', 'test/a/1.jpg'],
      /class "b" in .*test\/b, received none/,
    ],
    ['no train folder', ['test/a/1.jpg', 'test/b/1.jpg'], /Expected a folder train beside test/],
  ])('says what was expected and what came: %s', async (_, paths, message) => {
    await put(...paths);
    await expect(scanImageFolder(root)).rejects.toThrow(DataError);
    await expect(scanImageFolder(root)).rejects.toThrow(message);
  });

  it('names a folder that is not there', async () => {
    await expect(scanImageFolder(join(root, 'none'))).rejects.toThrow(
      /Expected a folder of images at .*none, received ENOENT/,
    );
  });
});
