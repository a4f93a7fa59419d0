import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { decodeImages } from './decode.ts';
import { DataError } from './errors.ts';
import { type ImageFolder, scanImageFolder } from './image-folder.ts';
import { createPixelStore } from './pixel-store.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-folder-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Creates empty files: a scan opens none of them. */
async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (!path.endsWith('/')) await writeFile(join(root, path), '');
  }
}

const reasonsOf = ({ skipped }: ImageFolder) => skipped.map(({ path, reason }) => ({ path, reason }));
const pathsOf = ({ images }: ImageFolder) => images.map(({ relativePath }) => relativePath);

describe('scanImageFolder', () => {
  it('reads a plain folder of classes, sorted, in any order of creation', async () => {
    await put('dogs/b.jpg', 'cats/c.png', 'dogs/a.JPEG', 'cats/.hidden.jpg', 'cats/notes.txt', '.git/x.jpg');
    const { classes, images } = await scanImageFolder(root);
    expect(classes).toEqual(['cats', 'dogs']);
    expect(images.map(({ relativePath, label, role }) => [relativePath, label, role])).toEqual([
      ['cats/c.png', 0, null],
      ['dogs/a.JPEG', 1, null],
      ['dogs/b.jpg', 1, null],
    ]);
  });

  it('reads train and validation folders and keeps their roles', async () => {
    await put('train/a/1.jpg', 'train/a/2.jpg', 'train/b/1.jpg', 'validation/a/1.jpg', 'validation/b/1.jpg');
    const { images } = await scanImageFolder(root, { limitPerClass: 1 });
    expect(images.map(({ relativePath, role }) => [relativePath, role])).toEqual([
      ['train/a/1.jpg', 'train'],
      ['train/b/1.jpg', 'train'],
      ['validation/a/1.jpg', 'test'],
      ['validation/b/1.jpg', 'test'],
    ]);
  });

  it('lists what it can of a folder that is no data set, with the reason that it throws otherwise', async () => {
    const list = async (layout: 'auto' | 'classes' = 'auto') => {
      const problems: string[] = [];
      const folder = await scanImageFolder(root, { layout, onProblem: ({ message }) => problems.push(message) });
      await expect(scanImageFolder(root, { layout })).rejects.toThrow(problems[0]!);
      return folder;
    };
    expect((await list()).classes).toEqual([]);
    await put('train/');
    expect((await list('classes')).classes).toEqual(['train']);
    await put('a/1.jpg', 'b/');
    const { classes, images } = await list('classes');
    expect({ classes, labels: images.map(({ label }) => label) }).toEqual({
      classes: ['a', 'b', 'train'],
      labels: [0],
    });
    // Split folders, or classes that are called train and a.
    expect((await list()).classes).toEqual([]);
    await expect(scanImageFolder(join(root, 'none'), { onProblem() {} })).rejects.toThrow(/no such file or folder/);
  });

  it('enters the subfolders of a class; order and limit apply to full paths', async () => {
    await put('a/z.jpg', 'a/2019/may/1.jpg', 'a/2019/1.jpg', 'a/.thumbs/1.jpg', 'b/1.jpg', 'stray.jpg');
    expect(pathsOf(await scanImageFolder(root))).toEqual(['a/2019/1.jpg', 'a/2019/may/1.jpg', 'a/z.jpg', 'b/1.jpg']);
    expect(pathsOf(await scanImageFolder(root, { limitPerClass: 1 }))).toEqual(['a/2019/1.jpg', 'b/1.jpg']);
  });

  it('enters 16 levels of folders', async () => {
    const deep = (count: number) => Array.from({ length: count }, (_, index) => index + 1).join('/');
    await put('a/1.jpg', 'b/1.jpg', `a/${deep(16)}/x.jpg`, `a/${deep(17)}/y.jpg`);
    const folder = await scanImageFolder(root);
    expect(pathsOf(folder)).toEqual([`a/${deep(16)}/x.jpg`, 'a/1.jpg', 'b/1.jpg'].toSorted());
    expect(reasonsOf(folder)).toEqual([{ path: `a/${deep(17)}`, reason: 'more than 16 folders deep' }]);
  });

  it('reports the size and modification time of each file', async () => {
    await put('a/1.jpg', 'b/1.jpg');
    await writeFile(join(root, 'a/1.jpg'), 'abc');
    const { size, mtimeMs } = await stat(join(root, 'a/1.jpg'));
    const { images } = await scanImageFolder(root);
    expect(images[0]).toMatchObject({ path: join(root, 'a/1.jpg'), sizeBytes: size, mtimeMs });
  });

  it('8: skips a named pipe without opening it, a folder named like an image, and a broken link', async () => {
    await put('a/1.jpg', 'b/1.jpg', 'a/folder.jpg/x.jpg');
    execFileSync('mkfifo', [join(root, 'a', 'pipe.jpg')]);
    await symlink(join(root, 'nowhere'), join(root, 'a', 'link.jpg'));
    await symlink('itself.jpg', join(root, 'a', 'itself.jpg'));
    const folder = await scanImageFolder(root);
    expect(pathsOf(folder)).toEqual(['a/1.jpg', 'b/1.jpg']);
    expect(reasonsOf(folder)).toEqual([
      { path: 'a/folder.jpg', reason: 'a folder, not an image' },
      { path: 'a/itself.jpg', reason: 'a link that leads to itself' },
      { path: 'a/link.jpg', reason: 'broken link' },
      { path: 'a/pipe.jpg', reason: 'a named pipe, not an image' },
    ]);
  });

  it('skips a link to a pipe in the data set, and to a device', async () => {
    await put('a/1.jpg', 'b/1.jpg');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await symlink('../pipe', join(root, 'a', 'pipe.jpg'));
    await symlink('/dev/zero', join(root, 'a', 'zero.jpg'));
    expect(reasonsOf(await scanImageFolder(root))).toEqual([
      { path: 'a/pipe.jpg', reason: 'a named pipe, not an image' },
      { path: 'a/zero.jpg', reason: 'link out of the data set' },
      { path: 'pipe', reason: 'a named pipe, not an image' },
    ]);
  });

  it('9: reports loops of links instead of following them', async () => {
    await put('a/1.jpg', 'a/sub/1.jpg', 'b/1.jpg', 'b/sub/1.jpg');
    await symlink('.', join(root, 'loop'));
    await symlink('.', join(root, 'a', 'loop'));
    await symlink('../..', join(root, 'a', 'sub', 'up'));
    await symlink('../b/sub', join(root, 'a', 'other'));
    await symlink('../a', join(root, 'b', 'other'));
    const folder = await scanImageFolder(root);
    expect(folder.classes).toEqual(['a', 'b']);
    expect(pathsOf(folder)).toEqual(['a/1.jpg', 'a/sub/1.jpg', 'b/1.jpg', 'b/sub/1.jpg']);
    expect(reasonsOf(folder)).toEqual([
      { path: 'a/loop', reason: 'a link to a folder that contains it' },
      { path: 'a/other', reason: 'already listed as b/sub' },
      { path: 'a/sub/up', reason: 'a link to a folder that contains it' },
      { path: 'b/other', reason: 'already listed as a' },
      { path: 'loop', reason: 'a link to a folder that contains it' },
    ]);
  });

  it('9: follows no link out of the data set', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'chorus-outside-'));
    try {
      await put('a/1.jpg', 'b/1.jpg');
      await mkdir(join(outside, 'c'));
      await writeFile(join(outside, 'c', '1.jpg'), '');
      await symlink(join(outside, 'c'), join(root, 'a', 'sub'));
      await symlink(join(outside, 'c', '1.jpg'), join(root, 'b', '2.jpg'));
      const folder = await scanImageFolder(root);
      expect(pathsOf(folder)).toEqual(['a/1.jpg', 'b/1.jpg']);
      const reason = 'link out of the data set';
      expect(reasonsOf(folder)).toEqual(['a/sub', 'b/2.jpg'].map((path) => ({ path, reason })));
      // A folder outside the data set whose path starts with that of the data set.
      await mkdir(`${root}-more`);
      await writeFile(join(`${root}-more`, '1.jpg'), '');
      await symlink(join(`${root}-more`, '1.jpg'), join(root, 'b', '3.jpg'));
      expect(reasonsOf(await scanImageFolder(root))).toContainEqual({ path: 'b/3.jpg', reason });
      // In place of a class folder, the link may be a class.
      await symlink(join(outside, 'c'), join(root, 'c'));
      await expect(scanImageFolder(root)).rejects.toThrow(
        /^Expected a class folder at .*\/c, received a link out of the data set; follow it with --follow-links/,
      );
    } finally {
      await rm(outside, { recursive: true, force: true });
      await rm(`${root}-more`, { recursive: true, force: true });
    }
  });

  it('follows links within the data set once, and accepts a link as the data set', async () => {
    await put('all/x/1.jpg', 'all/x/2.jpg', 'all/y.jpg', 'train/b/1.jpg', 'train/a/0.jpg');
    await symlink('../../all/x', join(root, 'train', 'a', 'more'));
    await symlink('../../all/y.jpg', join(root, 'train', 'a', 'y.jpg'));
    await symlink('../../all/y.jpg', join(root, 'train', 'b', 'y.jpg'));
    await symlink('0.jpg', join(root, 'train', 'a', 'again.jpg'));
    await symlink('../all/x', join(root, 'train', 'c'));
    const link = `${root}-link`;
    await symlink(root, link);
    try {
      for (const place of [root, link]) {
        const folder = await scanImageFolder(place);
        expect(folder.classes).toEqual(['a', 'b', 'c']);
        expect(folder.images.map(({ path }) => path)).toEqual(
          ['a/0.jpg', 'a/y.jpg', 'b/1.jpg', 'c/1.jpg', 'c/2.jpg'].map((path) => join(place, 'train', path)),
        );
        expect(reasonsOf(folder)).toEqual([
          { path: 'train/a/again.jpg', reason: 'already listed as train/a/0.jpg' },
          { path: 'train/a/more', reason: 'already listed as train/c' },
          { path: 'train/b/y.jpg', reason: 'already listed as train/a/y.jpg' },
        ]);
      }
    } finally {
      await rm(link);
    }
  });

  const oddNames = [
    'new\nline.jpg',
    '--x.jpg',
    '-rf.jpg',
    '<img onerror=alert(1)>.jpg',
    ' spaces .jpg',
    'semi;colon&$(x)`y`"\'.jpg',
    '#?%20.jpg',
    'back\\slash.jpg',
    '\u{1F408} кошка 猫.jpg',
    // One composed, one decomposed: two files.
    'caf\u00e9.jpg',
    'cafe\u0301.jpg',
    `${'n'.repeat(251)}.jpg`,
    '\ufffd.jpg',
  ];

  it('10: keeps unusual names exactly, and the files can be decoded', async () => {
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    await put('b/1.jpg', 'new\nclass/1.jpg');
    await mkdir(join(root, 'a'));
    for (const name of oddNames) await writeFile(join(root, 'a', name), jpeg);
    const folder = await scanImageFolder(root);
    expect(folder.classes).toEqual(['a', 'b', 'new\nclass']);
    const odd = folder.images.filter(({ label }) => label === 0);
    expect(odd.map(({ relativePath }) => relativePath)).toEqual(oddNames.map((name) => `a/${name}`).toSorted());
    const handle = createPixelStore(odd.length, 8);
    const options = { background: 'white', resize: 'antialiased', maxPixels: 1e8, timeoutMs: 10_000 } as const;
    await expect(decodeImages(odd, [handle], options)).resolves.toMatchObject({
      skipped: [],
    });
  });

  // Only file systems of Linux allow such names.
  it.skipIf(process.platform !== 'linux')('skips and names a file whose name is not UTF-8', async () => {
    await put('a/1.jpg', 'b/1.jpg');
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    await writeFile(Buffer.concat([Buffer.from(join(root, 'a')), bytes('/caf\xe9.jpg')]), '');
    const folder = await scanImageFolder(root);
    expect(pathsOf(folder)).toEqual(['a/1.jpg', 'b/1.jpg']);
    expect(reasonsOf(folder)).toEqual([{ path: 'a/caf\\xe9.jpg', reason: 'its name is not valid UTF-8; rename it' }]);
    await mkdir(Buffer.concat([Buffer.from(root), bytes('/\xe9t\xe9')]));
    await expect(scanImageFolder(root)).rejects.toThrow(
      /The folder name "\\xe9t\\xe9" in .* is not valid UTF-8; rename it/,
    );
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
    ['one image', ['cats/1.jpg', 'dogs/'], /Expected images of class "dogs" in .*dogs, received none/],
    ['no train folder', ['test/a/1.jpg', 'test/b/1.jpg'], /Expected a train folder next to test/],
  ])('11: states what was expected and received: %s', async (_, paths, message) => {
    await put(...paths);
    await expect(scanImageFolder(root)).rejects.toThrow(DataError);
    await expect(scanImageFolder(root)).rejects.toThrow(message);
  });

  it('says why a class with entries has no image', async () => {
    await put('a/1.jpg', 'b/');
    await symlink(tmpdir(), join(root, 'b', 'x'));
    await symlink('nowhere', join(root, 'b', 'y.jpg'));
    await expect(scanImageFolder(root)).rejects.toThrow(
      /class "b" in .*b, received none \(b\/x: link out of the data set; and 1 more\)\.$/,
    );
  });

  it('names a missing folder', async () => {
    await expect(scanImageFolder(join(root, 'none'))).rejects.toThrow(
      /Cannot read the folder of images .*none: no such file or folder/,
    );
  });
});
