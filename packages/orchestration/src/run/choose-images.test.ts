import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageFile, SplitRole } from '@chorus/data';
import { sha256 } from '@chorus/storage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseImages } from './choose-images.ts';
import { contentOf, runImagesOf } from './run-images.ts';

let folder: string;
const letters = ['a', 'b', 'c', 'd'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-choose-'));
  for (const letter of letters) await writeFile(join(folder, letter), letter);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file whose content is a letter, in a split folder or not. */
function image(letter: string, index: number, role: SplitRole | null = null): ImageFile {
  return {
    ...{ path: join(folder, letter), relativePath: `${role}/${letter}/${index}`, label: 0, role },
    ...{ sizeBytes: 1, mtimeMs: 0 },
  };
}
const contents = (text: string) => Array.from(text, (letter) => contentOf(sha256(letter)));

describe('chooseImages', () => {
  it.each([
    { what: 'the test images', run: { test: 'ab', training: 'c' }, found: 'abcd', taken: 'ab', kind: 'test' },
    {
      what: 'new images if there are no test images',
      run: { test: 'ab', training: 'c' },
      found: 'cdd',
      taken: 'dd',
      kind: 'unseen',
    },
    { what: 'all new images', run: { test: 'a', training: 'b' }, found: 'cd', taken: 'cd', kind: 'unseen' },
    { what: 'training images', run: { test: 'ab', training: 'c' }, found: 'cc', taken: 'cc', kind: 'all' },
    { what: 'copies of a test image', run: { test: 'a', training: 'b' }, found: 'aab', taken: 'aa', kind: 'test' },
    {
      what: 'one of two copies if the run trained on the other',
      run: { test: 'a', training: 'a' },
      found: 'aa',
      taken: 'a',
      kind: 'test',
    },
  ])('chooses $what', async ({ run, found, taken, kind }) => {
    const { images, selection } = await chooseImages(
      Array.from(found, (letter, index) => image(letter, index)),
      { test: contents(run.test), training: contents(run.training) },
      { all: false },
    );
    expect(images.map(({ path }) => path.slice(-1)).join('')).toBe(taken);
    expect(selection).toMatchObject({ kind, taken: taken.length, total: found.length });
  });

  it('chooses the copy in the test folder as the test image', async () => {
    const run = { test: contents('a'), training: contents('a') };
    const { images } = await chooseImages([image('a', 0, 'train'), image('a', 1, 'test')], run, { all: false });
    expect(images.map(({ role }) => role)).toEqual(['test']);
  });

  it('recovers the split of a run, with any duplicates', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ letter: fc.constantFrom(...letters), isTest: fc.boolean() }), { maxLength: 12 }),
        async (files) => {
          const images = files.map(({ letter, isTest }, index) => image(letter, index, isTest ? 'test' : 'train'));
          const indices = (isTest: boolean) =>
            Uint32Array.from(files.flatMap((file, index) => (file.isTest === isTest ? [index] : [])));
          const split = {
            test: indices(true),
            folds: [
              {
                fold: { kind: 'holdout' as const },
                fit: indices(false),
                tune: new Uint32Array(),
                outOfFold: new Uint32Array(),
              },
            ],
          };
          const run = runImagesOf(
            split,
            files.map(({ letter }) => sha256(letter)),
          );
          const { images: chosen, selection } = await chooseImages(images, run, { all: false });
          const expected = split.test.length > 0 ? images.filter(({ role }) => role === 'test') : images;
          expect(chosen).toEqual(expected);
          expect(selection.uses).toEqual({
            test: split.test.length,
            training: files.length - split.test.length,
            none: 0,
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reports why a removed file was not compared', async () => {
    const gone = { ...image('a', 0), path: join(folder, 'gone'), relativePath: 'gone' };
    const { skipped } = await chooseImages(
      [gone, image('b', 1)],
      { test: contents('b'), training: [] },
      { all: false },
    );
    expect(skipped).toEqual([{ path: 'gone', reason: 'cannot be read: no such file or folder' }]);
  });
});
