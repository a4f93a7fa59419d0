/** Both Unicode forms count as the same name: for classes, in split folders, and for drawing the split. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { normalizeName } from './display-name.ts';
import { DataError } from './errors.ts';
import { heads, temporaryRoot } from './image-folder.fixture.ts';
import { scanImageFolder } from './image-folder.ts';
import { disjointSets, type SplitPlan, splitImages } from './split.ts';

const root = temporaryRoot();
const forms = ['NFC', 'NFD'] as const;
const composed = 'caf\u00e9';
const decomposed = 'cafe\u0301';

const plan: SplitPlan = {
  ...{ seed: 3, tune: 0.1, test: 0.2, testMultipleOf: 1 },
  stacking: { kind: 'holdout', fraction: 0.1 },
};

// File systems of macOS store only one form.
describe.skipIf(process.platform === 'darwin')('Unicode forms', () => {
  test.each(forms)('classes are composed, files keep the form of their names: %s', async (form) => {
    await root.put(`${composed.normalize(form)}/1.jpg`, 'th\u00e9/1.jpg'.normalize(form));
    const { classes, images } = await scanImageFolder(root.path);
    expect(classes).toEqual([composed, 'th\u00e9']);
    expect(images.map(({ relativePath }) => relativePath)).toEqual(
      [`${composed}/1.jpg`, 'th\u00e9/1.jpg'].map((path) => path.normalize(form)),
    );
    for (const { path } of images) await expect(readFile(path)).resolves.toHaveLength(0);
  });

  it('train/ in one form and test/ in the other have the same classes', async () => {
    await root.put(`train/${composed}/1.jpg`, 'train/b/1.jpg', `test/${decomposed}/1.jpg`, 'test/b/1.jpg');
    const { classes, images } = await scanImageFolder(root.path);
    expect(classes).toEqual(['b', composed]);
    expect(images.map(({ label, role }) => [label, role])).toEqual([
      [0, 'train'],
      [1, 'train'],
      [0, 'test'],
      [1, 'test'],
    ]);
  });

  it('split folders are recognized in either form and reported in composed form', async () => {
    await root.put(`${composed}/train/a/1.jpg`, `${composed}/train/b/1.jpg`);
    const folder = await scanImageFolder(root.at(composed));
    expect(folder.splits).toEqual([{ folder: 'train', role: 'train' }]);
  });

  it('the split does not depend on the form', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'z', 'e', '\u00e9', '\u00fc', '\u1ec7', 'Z', '\u00f1'),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 8, maxLength: 20, selector: normalizeName }),
        async (names) => {
          const sets = await Promise.all(
            forms.map(async (form) => {
              const folder = root.at(`${form}-${names.join('').length}-${Math.random()}`);
              for (const one of [composed, 'th\u00e9'])
                for (const file of names) {
                  await mkdir(join(folder, one.normalize(form)), { recursive: true });
                  await writeFile(join(folder, one.normalize(form), `${file}.jpg`.normalize(form)), heads.jpeg);
                }
              const scanned = await scanImageFolder(folder);
              return [...disjointSets(splitImages(scanned, plan))].map(([set, indices]) => [
                set,
                ...Array.from(indices, (index) => normalizeName(scanned.images[index]!.relativePath)),
              ]);
            }),
          );
          expect(sets[1]).toEqual(sets[0]);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('both forms of one class name are an error', async () => {
    await root.put(`${composed}/1.jpg`, `${decomposed}/1.jpg`, 'b/1.jpg');
    await expect(scanImageFolder(root.path)).rejects.toThrow(DataError);
    await expect(scanImageFolder(root.path)).rejects.toThrow(
      /received two named "café", which differ in their Unicode form/,
    );
  });

  it('both forms of one class name in a split folder are an error', async () => {
    await root.put(`train/${composed}/1.jpg`, `train/${decomposed}/1.jpg`, 'train/b/1.jpg');
    await expect(scanImageFolder(root.path)).rejects.toThrow(/Expected one folder per class in .*train, received two/);
  });

  it('both forms of a file name are two files', async () => {
    await root.put(`a/${composed}.jpg`, `a/${decomposed}.jpg`, 'b/1.jpg');
    expect((await scanImageFolder(root.path)).images).toHaveLength(3);
  });
});

describe('classes that look the same', () => {
  test.each([
    ['a zero-width space', 'cats', 'cats\u200b', '"cats" \\(.*\\) and "cats\\\\u\\{200b\\}"'],
    ['a space at the end', 'cats', 'cats ', '"cats" \\(U\\+0063 .*\\) and "cats "'],
    ['a no-break space', 'red cats', 'red\u00a0cats', '"red cats" \\(.*\\) and "red\\\\xa0cats"'],
    ['Cyrillic letters', 'cope', '\u0441\u043e\u0440\u0435', '"cope" \\(U\\+0063 .*\\) and "соре" \\(U\\+0441'],
    ['a bidirectional mark', 'cats', 'cats\u200e', '"cats" \\(.*\\) and "cats\\\\u\\{200e\\}"'],
  ])('are rejected, with their code points: %s', async (_, one, other, message) => {
    await root.put(`${one}/1.jpg`, `${other}/1.jpg`);
    await expect(scanImageFolder(root.path)).rejects.toThrow(new RegExp(`${message}.*, which look the same`));
  });

  it('are rejected in different split folders', async () => {
    await root.put('train/cats/1.jpg', 'train/b/1.jpg', 'test/cats\u200b/1.jpg', 'test/b/1.jpg');
    await expect(scanImageFolder(root.path)).rejects.toThrow(/which look the same; rename or merge them/);
  });
});

describe('messages', () => {
  test.each([
    ['a line end', 'new\nline', 'new\\x0aline'],
    ['a bidirectional override', 'a\u202eb', 'a\\u{202e}b'],
    ['a terminal escape', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
  ])('show a class with %s on one line', async (_, name, shown) => {
    await root.put('a/1.jpg', `${name}/`);
    const error = await scanImageFolder(root.path).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain(`Expected images of class "${shown}"`);
    expect((error as Error).message).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});
