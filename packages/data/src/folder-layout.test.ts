import { symlink } from 'node:fs/promises';
import { describe, expect, it, test } from 'vitest';
import { displayName } from './display-name.ts';
import { DataError } from './errors.ts';
import { heads, temporaryRoot } from './image-folder.fixture.ts';
import { type ImageFolder, type ScanOptions, scanImageFolder } from './image-folder.ts';

const root = temporaryRoot();
const scan = (options: ScanOptions = {}) => scanImageFolder(root.path, options);
const rolesOf = ({ images }: ImageFolder) => images.map(({ relativePath, role }) => [relativePath, role]);
/** Two classes with one image each, in each of these folders. */
const sets = (...names: string[]) => names.flatMap((name) => [`${name}/a/1.jpg`, `${name}/b/1.jpg`]);

async function expectError(message: RegExp, options: ScanOptions = {}): Promise<void> {
  await expect(scan(options)).rejects.toThrow(DataError);
  await expect(scan(options)).rejects.toThrow(message);
}

describe('split folders', () => {
  test.each([
    ['train', 'test'],
    ['Train', 'Test'],
    ['TRAINING', 'TESTING'],
    ['training', 'testing'],
    ['train', 'val'],
    ['Train', 'VAL'],
    ['train', 'valid'],
    ['training', 'Validation'],
    ['train\u200b', 'te\u0455t '],
  ])('%s and %s are the training set and the test set', async (train, test) => {
    await root.put(...sets(train, test));
    const folder = await scan();
    expect(folder.classes).toEqual(['a', 'b']);
    expect(rolesOf(folder)).toEqual([
      [`${train}/a/1.jpg`, 'train'],
      [`${train}/b/1.jpg`, 'train'],
      [`${test}/a/1.jpg`, 'test'],
      [`${test}/b/1.jpg`, 'test'],
    ]);
    expect(folder.splits).toEqual([
      { folder: train, role: 'train' },
      { folder: test, role: 'test' },
    ]);
    const shown = { train: displayName(train), test: displayName(test) };
    const isUsual = train === 'train' && test === 'test';
    expect(folder.notices).toEqual(
      isUsual ? [] : [`${shown.train}/ is the training set; ${shown.test}/ is the test set`],
    );
  });

  test.each(['val', 'valid', 'Validation'])('%s beside test is the tune set', async (name) => {
    await root.put(...sets('train', 'test', name));
    const folder = await scan();
    expect(folder.splits).toEqual([
      { folder: 'train', role: 'train' },
      { folder: name, role: 'tune' },
      { folder: 'test', role: 'test' },
    ]);
    expect(folder.images.map(({ role }) => role)).toEqual(['train', 'train', 'tune', 'tune', 'test', 'test']);
    expect(folder.notices).toEqual([
      `train/ is the training set; ${name}/ is the tune set, for early stopping; test/ is the test set`,
    ]);
  });

  it('with train alone, the test set is drawn', async () => {
    await root.put(...sets('Training'));
    expect((await scan()).images.map(({ role }) => role)).toEqual(['train', 'train']);
  });

  test.each<[string, string[], RegExp]>([
    ['two training sets', sets('train', 'Training', 'test'), /one training folder .* received "Training", "train"/],
    ['two test sets', sets('train', 'test', 'testing'), /one test folder .* received "test", "testing"/],
    ['two validation sets', sets('train', 'val', 'validation'), /one validation folder/],
    [
      'no training set',
      sets('val', 'test'),
      /Expected a train folder next to test and val in .*data\.layout to "classes"/,
    ],
    ['a class only in train', [...sets('train', 'test'), 'train/c/1.jpg'], /class "c" in .*test\/c, received none/],
    ['a class only in test', [...sets('train', 'test'), 'test/c/1.jpg'], /class "c" in .*train\/c, received none/],
    [
      'a class that differs in case',
      ['train/Cats/1.jpg', 'train/b/1.jpg', 'test/cats/1.jpg', 'test/b/1.jpg'],
      /class "cats" in .*train\/cats, received none; there is "Cats", which differs only in case/,
    ],
  ])('rejects %s', async (_, paths, message) => {
    await root.put(...paths);
    await expectError(message);
  });
});

describe('an ambiguous folder', () => {
  test.each<[string, string[], RegExp]>([
    [
      'a class called train',
      ['bus/1.jpg', 'car/1.jpg', 'train/1.jpg'],
      /as split folders \("train", and "bus", "car" left unused\), or as the classes "bus", "car", "train"/,
    ],
    ['a class called Test', ['bus/1.jpg', 'Test/1.jpg'], /as split folders \("Test", and "bus" left unused\)/],
    [
      'a folder with images beside split folders',
      [...sets('train', 'test'), 'extra/a/1.jpg'],
      /an image outside the split folders is extra\/a\/1\.jpg\): as split folders \("train", "test", and "extra" left/,
    ],
    [
      'split folders without class folders',
      ['train/1.jpg', 'test/1.jpg'],
      /no class folder in any\): as split folders \("train", "test"\), or as the classes "test", "train"/,
    ],
  ])('rejects %s with both interpretations and the option', async (_, paths, message) => {
    await root.put(...paths);
    await expectError(message);
    await expectError(/Choose one: set data\.layout to "splits" or "classes"\.$/);
    const { classes, splits } = await scan({ layout: 'classes' });
    expect(splits).toEqual([]);
    expect(classes).toEqual([...new Set(paths.map((path) => path.split('/')[0]!))].toSorted());
  });

  it('layout=splits leaves other folders unused, with a reason', async () => {
    await root.put(...sets('train', 'test'), 'extra/a/1.jpg', 'extra/2.jpg');
    const { classes, images, skipped } = await scan({ layout: 'splits' });
    expect(classes).toEqual(['a', 'b']);
    expect(images).toHaveLength(4);
    expect(skipped).toEqual([
      { path: 'extra', reason: 'a folder with 2 images next to the split folders, not used', kind: 'folder' },
    ]);
  });

  it('a folder without images beside split folders is not ambiguous but listed', async () => {
    await root.put(...sets('train', 'test'), 'annotations/1.xml', 'annotations/2.xml');
    expect((await scan()).skipped).toEqual([
      { path: 'annotations', reason: 'a folder without images next to the split folders, not used', kind: 'folder' },
    ]);
  });

  test.each([
    ['training_set', 'test_set'],
    ['TrainData', 'ValidationData'],
    ['cats-dogs-train', 'cats-dogs-eval'],
  ])('%s and %s with the same folders are rejected until the layout is given', async (train, test) => {
    await root.put(...sets(train, test));
    await expectError(
      /can be read in two ways: as split folders \(.*\), each with the classes "a", "b", or as the classes/,
    );
    expect((await scan({ layout: 'splits' })).images.map(({ role }) => role)).toEqual([
      'train',
      'train',
      'test',
      'test',
    ]);
    expect((await scan({ layout: 'classes' })).classes).toEqual([train, test].toSorted());
  });

  it('classes whose names have such a word are classes', async () => {
    await root.put('train station/1.jpg', 'test tube/1.jpg', 'train station/2019/1.jpg');
    expect((await scan()).classes).toEqual(['test tube', 'train station']);
  });

  it('layout=splits requires split folders', async () => {
    await root.put('a/1.jpg', 'b/1.jpg');
    await expectError(/Expected split folders in .*as the layout "splits" requires\), received "a", "b"/, {
      layout: 'splits',
    });
  });
});

describe('another level of folders', () => {
  test.each<[string, string[], RegExp]>([
    [
      'one folder around the classes',
      ['photos/a/1.jpg', 'photos/b/1.jpg'],
      /only "photos"; .*photos contains "a", "b": use that folder as the data folder\.$/,
    ],
    [
      'two folders around the classes',
      ['x/photos/a/1.jpg', 'x/photos/b/1.jpg'],
      /only "x"; .*x\/photos contains "a", "b": use that folder as the data folder/,
    ],
    ['one folder around the splits', sets('photos/train', 'photos/test'), /photos contains "test", "train": use that/],
    [
      'a folder within a split',
      sets('train/photos', 'test/photos'),
      /only "photos"; .*train\/photos contains "a", "b": move/,
    ],
    [
      'splits within a folder called train',
      sets('train/train', 'train/val'),
      /class folders in .*\/train, received split folders \("train", "val"\); use that folder as the data folder/,
    ],
    [
      'a test set without labels',
      [...sets('train'), 'test/1.jpg', 'test/2.jpg'],
      /folder per class in .*test, received none \(test\/1\.jpg: .*; and 1 more\); move it out of the data folder/,
    ],
    [
      'an empty split folder',
      [...sets('train'), 'test/'],
      /Expected a folder per class in .*test, received none; move/,
    ],
    [
      'a data set a level deeper, beside a folder without images',
      [...sets('set/train', 'set/val'), 'notes/read.me'],
      /received split folders \("train", "val"\) in "set", .*otherwise, use "set" as the data folder/,
    ],
    [
      'splits within classes',
      ['a/train/1.jpg', 'a/test/1.jpg', 'b/train/1.jpg', 'b/test/1.jpg'],
      /received split folders \("test", "train"\) in "a", .*data\.layout to "classes"/,
    ],
  ])('rejects %s and names the folder', async (_, paths, message) => {
    await root.put(...paths);
    await expectError(message);
  });

  it('subfolders belong to their class, with a notice', async () => {
    await root.put('a/2019/1.jpg', 'a/2020/1.jpg', 'a/1.jpg', 'b/1.jpg');
    expect((await scan()).notices).toEqual(['images in subfolders belong to the class above: "a" ("2019", "2020")']);
  });

  it('a notice says that subfolders common to all classes may be the classes', async () => {
    await root.put('x/a/1.jpg', 'x/b/1.jpg', 'y/a/1.jpg', 'y/b/1.jpg');
    const { classes, notices } = await scan();
    expect(classes).toEqual(['x', 'y']);
    expect(notices[0]).toMatch(/all have the same subfolders: if these are the classes, move them up one level$/);
  });

  it('classes that differ only in case are separate, with a notice', async () => {
    await root.put('A/1.jpg', 'a/1.jpg');
    const { classes, notices } = await scan();
    expect(classes).toEqual(['A', 'a']);
    expect(notices).toEqual(['"A" and "a" are two classes that differ only in case']);
  });
});

describe('links in place of folders', () => {
  it('a split folder that is a link out of the data set is rejected, or followed on request', async () => {
    await root.put(...sets('data/train', 'elsewhere/test'));
    await symlink('../elsewhere/test', root.at('data/test'));
    const data = root.at('data');
    await expect(scanImageFolder(data)).rejects.toThrow(
      /Expected a split folder at .*data\/test, received a link out of the data set; follow it with --follow-links/,
    );
    const { images } = await scanImageFolder(data, { followLinks: true });
    expect(images.map(({ role }) => role)).toEqual(['train', 'train', 'test', 'test']);
  });

  it('a class in one split that is a link out of the data set is rejected', async () => {
    await root.put(...sets('data/train'), 'data/test/a/1.jpg', 'elsewhere/b/1.jpg');
    await symlink('../../elsewhere/b', root.at('data/test/b'));
    await expect(scanImageFolder(root.at('data'))).rejects.toThrow(/a class folder at .*test\/b, received a link out/);
    expect((await scanImageFolder(root.at('data'), { followLinks: true })).images).toHaveLength(4);
  });

  test.each<[string, string, RegExp, string?]>([
    ['broken', '/nonexistent', /Expected a class folder at .*peak, received a broken link; repair or remove it/],
    ['broken, with a dot in its name', '/nonexistent', /st\.bernard, received a broken link/, 'st.bernard'],
    ['its own target', 'peak', /Expected a class folder at .*peak, received a link that leads to itself/],
  ])('a link that is %s may be a class and is rejected', async (_, target, message, name = 'peak') => {
    await root.put('a/1.jpg', 'b/1.jpg');
    await symlink(target, root.at(name));
    await expectError(message);
  });

  it('a broken link with a file extension is listed', async () => {
    await root.put('a/1.jpg', 'b/1.jpg', ['c.txt', heads.text]);
    await symlink('gone', root.at('labels.csv'));
    await symlink('c.txt', root.at('d.txt'));
    expect((await scan()).skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ['c.txt', 'not an image'],
      ['d.txt', 'not an image'],
      ['labels.csv', 'broken link'],
    ]);
  });
});
