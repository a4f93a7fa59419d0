/** Every entry of a data folder is an image of the data set or is listed with a reason. */
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { heads, temporaryRoot } from './image-folder.fixture.ts';
import { type ImageFolder, scanImageFolder } from './image-folder.ts';

const root = temporaryRoot();
const scan = (options = {}) => scanImageFolder(root.path, options);
const pathsOf = ({ images }: ImageFolder) => images.map(({ relativePath }) => relativePath);

describe('files without an image extension', () => {
  test.each([
    ['bar04', heads.jpeg],
    ['bar05.jpg?w=640', heads.jpeg],
    ['bar06.jpg.1', heads.png],
    ['bar07.jpg_large', heads.jpeg],
    ['bar08.pjpeg', heads.jpeg],
    ['bar09.mpo', heads.jpeg],
    ['bar10.JPG~', heads.webp],
    ['bar11.jpg_original', heads.jpeg],
    ['sticker.apng', heads.png],
    ['wrong.txt', heads.jpeg],
  ])('%s is an image by its content', async (name, content) => {
    await root.put('bar/0.jpg', 'disc/0.jpg', [`bar/${name}`, content]);
    const folder = await scan();
    expect(pathsOf(folder).toSorted()).toEqual([`bar/${name}`, 'bar/0.jpg', 'disc/0.jpg'].toSorted());
    expect(folder.skipped).toEqual([]);
  });

  test.each<[string, Uint8Array, string, string]>([
    ['notes.txt', heads.text, 'file', 'not an image'],
    ['labels.csv', heads.empty, 'file', 'an empty file'],
    ['page.html', heads.page, 'file', 'not an image'],
    ['paper.pdf', heads.pdf, 'file', 'not an image'],
    ['photos.zip', heads.zip, 'file', 'an archive (zip); unpack it to use its images'],
    ['photos.tgz', heads.gzip, 'file', 'an archive (gzip); unpack it to use its images'],
    ['photos.tar', heads.tar, 'file', 'an archive (tar); unpack it to use its images'],
    ['old.bmp.1', heads.bmp, 'image', expect.stringMatching(/^not an accepted image: .*bmp/i)],
    ['site.ico', heads.ico, 'image', expect.stringMatching(/^not an accepted image: .*ico/i)],
    ['drawing.svg', heads.svg, 'image', expect.stringMatching(/^not an accepted image: .*svg/i)],
  ])('%s is listed with its reason', async (name, content, kind, reason) => {
    await root.put('a/0.jpg', 'b/0.jpg', [`a/sub/${name}`, content]);
    expect((await scan()).skipped).toEqual([{ path: `a/sub/${name}`, reason, kind }]);
  });

  it('with an image extension is not read; decoding decides about its content', async () => {
    await root.put(['a/0.jpg', heads.text], ['b/0.PNG', heads.zip]);
    expect(pathsOf(await scan())).toEqual(['a/0.jpg', 'b/0.PNG']);
  });

  it('may include named pipes and empty folders, which are never opened', async () => {
    await root.put('a/0.jpg', 'b/0.jpg', 'a/empty/');
    execFileSync('mkfifo', [root.at('a/pipe'), root.at('top pipe')]);
    expect((await scan()).skipped).toEqual([
      { path: 'a/empty', reason: 'an empty folder', kind: 'folder' },
      { path: 'a/pipe', reason: 'a named pipe, not an image', kind: 'file' },
      { path: 'top pipe', reason: 'a named pipe, not an image', kind: 'file' },
    ]);
  });
});

describe('beside the class folders', () => {
  it('lists images, archives and text files, also in split folders', async () => {
    await root.put('train/a/0.jpg', 'train/b/0.jpg', ['README.md', heads.text], ['photos.zip', heads.zip]);
    await root.put('loose.jpg', ['train/loose', heads.png], ['train/labels.csv', heads.text]);
    const reason = 'an image outside the class folders';
    expect((await scan()).skipped).toEqual([
      { path: 'README.md', reason: 'not an image', kind: 'file' },
      { path: 'loose.jpg', reason, kind: 'misplaced' },
      { path: 'photos.zip', reason: 'an archive (zip); unpack it to use its images', kind: 'file' },
      { path: 'train/labels.csv', reason: 'not an image', kind: 'file' },
      { path: 'train/loose', reason, kind: 'misplaced' },
    ]);
  });

  it('names images outside class folders if there are no class folders', async () => {
    await root.put('1.jpg', '2.jpg');
    await expect(scan()).rejects.toThrow('received none (1.jpg: an image outside the class folders; and 1 more).');
  });
});

describe('hidden entries', () => {
  it('are listed with those created by operating systems; a folder represents its content', async () => {
    const left = ['.DS_Store', '._0.jpg', '.git/x.jpg', 'Thumbs.db', 'desktop.ini', 'Icon\r', '@eaDir/0.jpg'];
    await root.put(...left.map((name) => `a/${name}`), 'a/0.jpg', 'b/0.jpg', '__MACOSX/a/0.jpg', '.cache/0.jpg');
    const { classes, hidden, skipped } = await scan();
    expect(classes).toEqual(['a', 'b']);
    expect(skipped).toEqual([]);
    expect(hidden).toEqual(
      [
        ...['.cache', '__MACOSX', 'a/.DS_Store', 'a/._0.jpg', 'a/.git'],
        ...['a/@eaDir', 'a/Icon\r', 'a/Thumbs.db', 'a/desktop.ini'],
      ].toSorted(),
    );
  });
});

describe('limitPerClass', () => {
  it('counts the images left out', async () => {
    await root.put('a/0.jpg', 'a/1.jpg', 'a/2.jpg', 'b/0.jpg', 'b/1.jpg');
    expect(await scan({ limitPerClass: 1 })).toMatchObject({
      ...{ beyondLimit: 3, images: { length: 2 } },
      pathsBeyondLimit: ['a/1.jpg', 'a/2.jpg', 'b/1.jpg'],
    });
    expect(await scan()).toMatchObject({ beyondLimit: 0, pathsBeyondLimit: [] });
  });
});

describe('links out of the data set', () => {
  it('are listed, or followed on request: each target once, without loops', async () => {
    await root.put('data/a/0.jpg', 'data/b/0.jpg', 'store/c/1.jpg', 'store/c/2.jpg', 'store/d/3.jpg', [
      'store/4',
      heads.png,
    ]);
    const links: [string, string][] = [
      ['data/c', '../store/c'],
      ['data/a/more', '../../store/c'],
      ['data/a/one.jpg', '../../store/d/3.jpg'],
      ['data/b/same.jpg', '../../store/d/3.jpg'],
      ['data/b/four', '../../store/4'],
      ['store/c/back', '../../data'],
      ['store/c/loop', '.'],
      ['data/b/everything', '/'],
    ];
    for (const [path, target] of links.slice(1)) await symlink(target, root.at(path));
    const data = root.at('data');
    const listed = await scanImageFolder(data);
    expect(pathsOf(listed)).toEqual(['a/0.jpg', 'b/0.jpg']);
    expect(listed.skipped.map(({ path, kind }) => [path, kind])).toEqual([
      ...['a/more', 'a/one.jpg', 'b/everything', 'b/four', 'b/same.jpg'].map((path) => [path, 'outside']),
    ]);
    await symlink(links[0]![1], root.at(links[0]![0]));
    const followed = await scanImageFolder(data, { followLinks: true });
    expect(followed.classes).toEqual(['a', 'b', 'c']);
    expect(pathsOf(followed)).toEqual(['a/0.jpg', 'a/one.jpg', 'b/0.jpg', 'b/four', 'c/1.jpg', 'c/2.jpg']);
    expect(followed.skipped).toEqual([
      { path: 'a/more', reason: 'already listed as c', kind: 'repeat' },
      { path: 'b/everything', reason: 'a link to a folder that contains it', kind: 'link' },
      { path: 'b/same.jpg', reason: 'already listed as a/one.jpg', kind: 'repeat' },
      { path: 'c/back', reason: 'already listed as the data folder', kind: 'repeat' },
      { path: 'c/loop', reason: 'a link to a folder that contains it', kind: 'link' },
    ]);
  });
});

// Root can read everything.
describe.skipIf(process.getuid?.() === 0)('without permission', () => {
  it('a class folder that cannot be read is an error', async () => {
    await root.put('a/0.jpg', 'b/0.jpg', 'c/0.jpg');
    await chmod(root.at('c'), 0);
    try {
      await expect(scan()).rejects.toThrow(
        /Expected images of class "c" in .*c, received none \(c: cannot be read: permission denied/,
      );
    } finally {
      await chmod(root.at('c'), 0o755);
    }
  });

  it('a folder or file within a class that cannot be read is listed', async () => {
    await root.put('a/0.jpg', 'b/0.jpg', 'a/sub/0.jpg', ['a/file', heads.jpeg]);
    await chmod(root.at('a/sub'), 0);
    await chmod(root.at('a/file'), 0);
    try {
      expect((await scan()).skipped).toEqual([
        { path: 'a/file', reason: 'cannot be read: permission denied', kind: 'file' },
        { path: 'a/sub', reason: 'cannot be read: permission denied', kind: 'folder' },
      ]);
    } finally {
      await chmod(root.at('a/sub'), 0o755);
    }
  });
});

interface Layout {
  layout: 'classes' | 'splits';
  /** Images that always exist. */
  images: string[];
  /** Folders in which entries are created. */
  places: string[];
  /** Folders that contain class folders. */
  levels: string[];
  linkTargets: string[];
}

const layouts: Layout[] = [
  {
    layout: 'classes',
    images: ['a/0.jpg', 'b/0.jpg'],
    places: ['', 'a', 'b', 'a/sub', 'b/x/y', 'a/.git', 'a/album.jpg', '__MACOSX'],
    levels: [''],
    linkTargets: ['a/0.jpg', 'b', 'b/0.jpg', 'nowhere', '../store', '../store/s.jpg', '.'],
  },
  {
    layout: 'splits',
    images: ['train/a/0.jpg', 'train/b/0.jpg', 'Test/a/0.jpg', 'Test/b/0.jpg'],
    places: ['', 'train', 'train/a', 'train/b/x', 'Test/a', 'extra', 'extra/y', 'extra/y/z', '.cache'],
    levels: ['', 'train'],
    linkTargets: ['train/a/0.jpg', 'Test', 'extra/1.jpg', 'extra/y', '../store', '../store/s.jpg', 'train', 'nowhere'],
  },
];

const anyEntryOf = ({ places, linkTargets }: Layout) =>
  fc.record({
    place: fc.constantFrom(...places),
    name: fc.constantFrom('1.jpg', '2', '3.txt', '.4.jpg', '5.JPG', 'Thumbs.db', '7.zip', 'caf\u00e9', 'cafe\u0301'),
    content: fc.constantFrom('jpeg', 'text', 'zip', 'empty', 'bmp') satisfies fc.Arbitrary<keyof typeof heads>,
    linkTo: fc.option(fc.constantFrom(...linkTargets)),
  });

/** All non-folders below a folder, and empty folders. */
async function leavesOf(folder: string, relative = ''): Promise<string[]> {
  const names = await readdir(join(folder, relative));
  if (names.length === 0) return [relative];
  const inner = names.map(async (name) => {
    const path = relative === '' ? name : `${relative}/${name}`;
    return (await lstat(join(folder, path))).isDirectory() ? leavesOf(folder, path) : [path];
  });
  return (await Promise.all(inner)).flat();
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === '.' ? [] : [above, ...foldersAbove(above)];
}

describe('every entry', () => {
  test.each(layouts)(
    'is an image once, or skipped or hidden once, for any content: $layout',
    async (kind) => {
      const { layout, images, levels } = kind;
      await fc.assert(
        fc.asyncProperty(fc.array(anyEntryOf(kind), { maxLength: 12 }), fc.boolean(), async (entries, followLinks) => {
          const parent = await mkdtemp(join(tmpdir(), 'chorus-entries-'));
          try {
            const data = join(parent, 'data');
            const put = async (path: string, content: Uint8Array) => {
              await mkdir(dirname(path), { recursive: true });
              await writeFile(path, content);
            };
            for (const path of [...images.map((image) => `data/${image}`), 'store/s.jpg', 'store/t.jpg'])
              await put(join(parent, path), heads.jpeg);
            for (const { place, name, content, linkTo } of entries) {
              const isLevel = levels.includes(place);
              // In place of a class folder, a link to a folder is a class or a separate error.
              if (isLevel && linkTo !== null && !images.includes(linkTo)) continue;
              const path = join(data, place, isLevel && linkTo !== null ? `${name}.dat` : name);
              if (await lstat(path).catch(() => null)) continue;
              await mkdir(dirname(path), { recursive: true });
              if (linkTo === null) await writeFile(path, heads[content]);
              else await symlink(join(data, linkTo), path);
            }
            const folder = await scanImageFolder(data, { followLinks, layout });
            const used = pathsOf(folder);
            expect(new Set(used).size).toBe(used.length);
            const left = [...folder.skipped.map(({ path }) => path), ...folder.hidden];
            expect(new Set(left).size).toBe(left.length);
            // The path of each file: the target of a link to a folder has a path through that link.
            const placeOf = async (path: string) => join(await realpath(join(data, dirname(path))), basename(path));
            const covers = await Promise.all([...used, ...left].map(placeOf));
            for (const { path } of folder.images)
              if ((await lstat(path)).isSymbolicLink()) covers.push(await realpath(path));
            // A followed link represents the entries found through it.
            const above = new Set([...used, ...left].flatMap(foldersAbove));
            const followed = new Set(await Promise.all([...above].map(placeOf)));
            for (const leaf of await leavesOf(data)) {
              const at = join(data, leaf);
              const covering = covers.filter((path) => path === at || at.startsWith(`${path}/`));
              expect([leaf, covering.length || Number(followed.has(at))]).toEqual([leaf, 1]);
            }
            expect(await scanImageFolder(data, { followLinks, layout })).toEqual(folder);
          } finally {
            await rm(parent, { recursive: true, force: true });
          }
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});

describe('a folder beside split folders whose files are used through links', () => {
  it('has its other entries listed one by one', async () => {
    await root.put('train/b/0.jpg', 'all/x/1.jpg', 'all/x/2.jpg', 'all/y.jpg', ['all/notes.txt', heads.text], 'all/.z');
    await symlink('../all/x', root.at('train/a'));
    await expect(scan()).rejects.toThrow(
      /can be read in two ways \(an image outside the split folders is all\/y\.jpg\)/,
    );
    const { images, skipped, hidden } = await scan({ layout: 'splits' });
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['train/a/1.jpg', 'train/a/2.jpg', 'train/b/0.jpg']);
    expect(skipped).toEqual([
      { path: 'all/notes.txt', reason: 'not an image', kind: 'file' },
      { path: 'all/y.jpg', reason: 'an image outside the class folders', kind: 'misplaced' },
    ]);
    expect(hidden).toEqual(['all/.z']);
  });
});
