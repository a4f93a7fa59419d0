import { describe, expect, it } from 'vitest';
import { copiesToDrop, type DuplicatePolicy, describeDuplicates } from './duplicates.ts';
import { DataError } from './errors.ts';
import type { ImageFile } from './image-folder.ts';
import { checkMemory } from './memory.ts';
import type { PictureGroup } from './picture-groups.ts';
import type { SplitRole } from './split-folders.ts';

const classes = ['cats', 'dogs'];

/** A file such as `test/cats/1`, or `cats/1` without a split folder. */
function imageAt(relativePath: string): ImageFile {
  const folders = relativePath.split('/');
  const role = folders.length === 3 ? (folders[0] as SplitRole) : null;
  const label = classes.indexOf(folders.at(-2)!);
  return { path: `/data/${relativePath}`, relativePath, label, role, sizeBytes: 1, mtimeMs: 0 };
}

const groupOf = (paths: string[]): PictureGroup => ({ kind: 'exact', members: paths.map((_, index) => index) });

describe('copiesToDrop', () => {
  it.each<[string, string[], string[]]>([
    ['keeps the first copy', ['cats/1', 'cats/2', 'cats/3'], ['cats/2', 'cats/3']],
    [
      'keeps a test image and drops its training copies',
      ['test/cats/9', 'train/cats/1', 'train/cats/2'],
      ['train/cats/1', 'train/cats/2'],
    ],
    ['keeps a test folder complete', ['test/cats/1', 'test/cats/2'], []],
    ['keeps a tune image rather than its training copy', ['train/cats/1', 'tune/cats/2'], ['train/cats/1']],
    ['drops tune copies of a test image', ['test/cats/1', 'tune/cats/2'], ['tune/cats/2']],
    ['drops every copy where the labels differ', ['cats/1', 'cats/2', 'dogs/1'], ['cats/1', 'cats/2', 'dogs/1']],
    ['drops training copies whose label the test contradicts', ['test/dogs/1', 'train/cats/1'], ['train/cats/1']],
    ['leaves a contradiction inside a test folder', ['test/cats/1', 'test/dogs/1'], []],
  ])('%s', (_, paths, expected) => {
    const dropped = copiesToDrop(paths.map(imageAt), [groupOf(paths)]);
    expect([...dropped].map((index) => paths[index])).toEqual(expected);
  });
});

describe('describeDuplicates', () => {
  const paths = ['test/cats/1', 'train/cats/1', 'train/cats/2', 'train/dogs/1'];
  const images = paths.map(imageAt);
  const groups: PictureGroup[] = [
    { kind: 'near', members: [0, 1] },
    { kind: 'exact', members: [2, 3] },
  ];
  const describeBy = (policy: DuplicatePolicy, fit: number[], dropped: number[]) =>
    describeDuplicates(
      { images, classes },
      groups,
      new Map([
        ['fit', Uint32Array.from(fit)],
        ['test', Uint32Array.of(0)],
      ]),
      policy,
      new Set(dropped),
    );

  it('reports the sets and labels of a picture and the action', () => {
    expect(describeBy('group', [1, 2, 3], [])).toEqual([
      {
        kind: 'near',
        paths: ['test/cats/1', 'train/cats/1'],
        labels: ['cats'],
        splits: ['fit', 'test'],
        action: 'reported',
        leftOut: [],
      },
      {
        kind: 'exact',
        paths: ['train/cats/2', 'train/dogs/1'],
        labels: ['cats', 'dogs'],
        splits: ['fit'],
        action: 'grouped',
        leftOut: [],
      },
    ]);
  });

  it('reports without acting, and lists dropped copies', () => {
    expect(describeBy('report', [1, 2, 3], []).map(({ action }) => action)).toEqual(['reported', 'reported']);
    const dropped = describeBy('drop', [], [1, 2, 3]);
    expect(dropped.map(({ action, splits, leftOut }) => ({ action, splits, leftOut }))).toEqual([
      { action: 'dropped', splits: ['test'], leftOut: ['train/cats/1'] },
      { action: 'dropped', splits: [], leftOut: ['train/cats/2', 'train/dogs/1'] },
    ]);
  });
});

describe('checkMemory', () => {
  const need = { imageCount: 1000, imageSizes: [1000], laneBytes: 2e9 };

  it('rejects runs that exceed the memory, with both amounts and the settings to lower', () => {
    expect(() => checkMemory(need, 4e9)).toThrow(DataError);
    expect(() => checkMemory(need, 4e9)).toThrow(
      /need 3\.0 GB and training 2\.0 GB; this machine has 4\.0 GB\. Lower inputSize/,
    );
    expect(() => checkMemory(need, 5e9)).not.toThrow();
  });
});
