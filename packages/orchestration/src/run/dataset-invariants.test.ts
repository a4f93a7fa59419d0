/** Invariants of a data set, which are checked before and after decoding. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, displayName, drawShapes, scanImageFolder, splitImages } from '@chorus/data';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { resolveExperiment } from '../experiment/resolve.ts';
import { openDataset, scanOptionsOf, splitPlanOf } from './dataset.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-invariants-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const experimentOf = (data: object = {}) =>
  resolveExperiment({
    inputSize: 32,
    data: { source: root, ...data },
    members: [
      { name: 'a', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'b', backbone: 'mobilenet', alpha: 0.25 },
    ],
  });
const open = (data: object = {}) => openDataset(experimentOf(data), root, () => 0, { onDecode() {} });

/** Creates the classes disc and star with the given number of images, without split folders. */
async function drawClasses(perClass: number): Promise<void> {
  await drawShapes(join(root, 'drawn'), { seed: 1, imagesPerClass: { train: perClass, validation: 1 } });
  for (const name of ['discs', 'stars']) await rename(join(root, 'drawn/train', name), join(root, name));
  await rm(join(root, 'drawn'), { recursive: true });
}

async function putPages(folder: string, count: number): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (let index = 0; index < count; index += 1)
    await writeFile(join(root, folder, `page${index}.jpg`), '<!doctype html><html></html>');
}

describe('openDataset', () => {
  it('refuses a class without a decodable image, even if few images are bad', async () => {
    await drawClasses(60);
    await putPages('peak', 5);
    await expect(open()).rejects.toThrow(DataError);
    await expect(open()).rejects.toThrow(
      /^Expected images of class "peak" in .*, received none \(peak\/page0\.jpg: not an image.*; and 4 more\); replace the bad files or add images of this class\.$/,
    );
  });

  test.each(['fit', 'tune', 'outOfFold', 'test'] as const)(
    'refuses a class whose only image in the set %s cannot be decoded',
    async (set) => {
      await drawClasses(60);
      await drawShapes(join(root, '.few'), {
        seed: 2,
        classes: ['squares', 'triangles'],
        imagesPerClass: { train: 4, validation: 1 },
      });
      await symlink('.few/train/squares', join(root, 'rare'));
      const folder = await scanImageFolder(root, scanOptionsOf(experimentOf()));
      const split = splitImages(folder, splitPlanOf(experimentOf()));
      const indices = set === 'test' ? split.test : split.folds[0]![set];
      const only = [...indices]
        .map((index) => folder.images[index]!)
        .filter(({ relativePath }) => relativePath.startsWith('rare/'));
      expect(only).toHaveLength(1);
      await writeFile(only[0]!.path, 'a text');
      await expect(open()).rejects.toThrow(
        new RegExp(
          `^Expected a usable image of class "rare" in the ${set === 'outOfFold' ? 'stack' : set} set of .*, received none \\(${displayName(only[0]!.relativePath)}: not an image`,
        ),
      );
    },
  );

  it('counts only files with image extensions, decodable or not, for the limit of 5 %', async () => {
    await drawClasses(50);
    await putPages('discs', 3);
    await symlink('nowhere', join(root, 'stars/one.jpg'));
    await symlink('nowhere', join(root, 'stars/two.jpg'));
    for (let index = 0; index < 30; index += 1) await writeFile(join(root, 'stars', `${index}.txt`), 'a text');
    const { skipped, found } = await open();
    expect(skipped.filter(({ kind }) => kind === 'image')).toHaveLength(5);
    expect(skipped.filter(({ kind }) => kind === 'file')).toHaveLength(30);
    expect(found.notices).toEqual([]);
    await symlink('nowhere', join(root, 'stars/three.jpg'));
    await expect(open()).rejects.toThrow(
      /^6 of 106 images in .* cannot be used, more than 5 %: discs\/page0\.jpg \(not an/,
    );
  });

  it("uses the experiment's options for reading the folder", async () => {
    await drawClasses(10);
    await mkdir(join(root, 'data'));
    await symlink('../discs', join(root, 'data/train'));
    await symlink('../stars', join(root, 'data/stars'));
    root = join(root, 'data');
    try {
      await expect(open()).rejects.toThrow(/received a link out of the data set; follow it with --follow-links/);
      await expect(open({ followLinks: true })).rejects.toThrow(/can be read in two ways/);
      const { classes, images } = await open({ followLinks: true, layout: 'classes' });
      expect(classes).toEqual(['stars', 'train']);
      expect(images).toHaveLength(20);
    } finally {
      root = join(root, '..');
    }
  });
});
