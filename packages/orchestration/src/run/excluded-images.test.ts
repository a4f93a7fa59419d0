import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { findExcludedImages, type ListedFolder } from './excluded-images.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-excluded-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const photos: ListedFolder = {
  root: '/photos',
  images: ['train/cats/cat.1.jpg', 'train/cats/cat.724.jpg', 'train/dogs/dog.1.jpg', 'train/dogs/caf\u00e9.jpg'].map(
    (relativePath) => ({ relativePath }),
  ),
  pathsBeyondLimit: ['train/cats/cat.999.jpg'],
  skipped: [{ path: 'train/cats/copy.jpg', reason: 'already listed as train/cats/cat.1.jpg' }],
};

async function exclude(...lines: string[]) {
  const list = join(folder, 'wrong.txt');
  await writeFile(list, lines.join('\n'));
  return findExcludedImages(list, photos);
}

describe('findExcludedImages', () => {
  it('finds the listed images, and gives the list as the reason', async () => {
    const { indices, entries } = await exclude(
      'train/dogs/dog.1.jpg',
      './train/cats/cat.1.jpg',
      'train/dogs/dog.1.jpg',
    );
    expect([...indices].toSorted()).toEqual([0, 2]);
    const reason = 'listed in wrong.txt (data.exclude)';
    expect(entries).toEqual([
      { path: 'train/cats/cat.1.jpg', reason, kind: 'excluded' },
      { path: 'train/dogs/dog.1.jpg', reason, kind: 'excluded' },
    ]);
  });

  it('finds a name in the Unicode form of another system', async () => {
    expect([...(await exclude('train/dogs/cafe\u0301.jpg')).indices]).toEqual([3]);
  });

  it('accepts images beyond data.limitPerClass, which are not used in any case', async () => {
    expect(await exclude('train/cats/cat.999.jpg')).toEqual({ indices: new Set(), entries: [] });
  });

  test.each<[string, string, string]>([
    ['a mistyped path', 'train/cats/cat.742.jpg', '; did you mean "train/cats/cat.724.jpg"?'],
    ['a path without the split folder', 'cats/cat.724.jpg', '; did you mean "train/cats/cat.724.jpg"?'],
    ['an absolute path', '/photos/train/dogs/dog.1.jpg', '; did you mean "train/dogs/dog.1.jpg"?'],
    ['a folder', 'train/cats/', ' is a folder; list its images'],
    [
      'an entry that is not used',
      'train/cats/copy.jpg',
      ' is not used in any case: already listed as train/cats/cat.1.jpg',
    ],
  ])('refuses %s, with its line and a hint', async (_, path, hint) => {
    const finding = exclude('# Wrong labels.', 'train/cats/cat.1.jpg', path);
    await expect(finding).rejects.toThrow(ConfigError);
    await expect(finding).rejects.toThrow(
      `Expected images of /photos in the list of images to exclude, ${join(folder, 'wrong.txt')}; received a path that no image has:\n  line 3: "${path}"${hint}`,
    );
  });

  it('names the first five mistakes, and counts the others', async () => {
    const finding = exclude(...Array.from({ length: 8 }, (_, index) => `no/${index}.jpg`));
    await expect(finding).rejects.toThrow(
      /received 8 paths that no image has:(\n {2}line [1-5]: "no\/[0-4]\.jpg"; did you mean ".*"\?){5}\n {2}and 3 more$/,
    );
  });
});
