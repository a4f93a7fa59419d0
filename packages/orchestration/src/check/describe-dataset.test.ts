import type { ImageInfo } from '@chorus/data';
import { expect, it } from 'vitest';
import type { Dataset } from '../run/dataset.ts';
import { describeDataset } from './describe-dataset.ts';

/** Per file: label, role, content, dimensions (null if it cannot be used). */
type Entry = [label: number, role: 'train' | 'test' | null, sha256: string, dimensions: [number, number] | null];

function dataset(entries: readonly Entry[], split: Dataset['split']): Dataset {
  const images = entries.map(([label, role], index) => ({
    path: `/photos/${index}.jpg`,
    relativePath: `${label}/${index}.jpg`,
    sizeBytes: 1,
    mtimeMs: 0,
    label,
    role,
  }));
  return {
    name: 'photos',
    root: '/photos',
    classes: ['a', 'b'],
    images,
    split,
    skipped: [{ path: 'x', reason: 'not an image', kind: 'image' }],
    found: { splits: [], hidden: ['.DS_Store'], beyondLimit: 0, notices: ['a notice'] },
    info: entries.map(([, , , sides]): ImageInfo | null =>
      sides === null ? null : { format: 'jpeg', width: sides[0], height: sides[1] },
    ),
    sha256: entries.map(([, , hash, sides]) => (sides === null ? null : hash)),
    duplicates: [
      { ...picture, paths: ['0/1.jpg', '1/2.jpg'], labels: ['a', 'b'], splits: ['tune'] },
      { ...picture, paths: ['0/0.jpg', '0/5.jpg'], labels: ['a'], splits: ['fit', 'test'] },
      { ...picture, paths: ['1/2.jpg', '1/3.jpg'], labels: ['b'], splits: ['fit'] },
    ],
    duplicatesComplete: true,
    decoding: { maxPixels: 1, timeoutMs: 1, background: '#000000', resize: 'pillow' },
    pixels: new Map(),
    labels: new SharedArrayBuffer(0),
    fingerprint: '',
  };
}

/** A picture that occurs twice. */
const picture = { kind: 'exact' as const, action: 'grouped' as const, leftOut: [] };

const indices = (...all: number[]) => Uint32Array.from(all);
const entries: Entry[] = [
  [0, 'train', 'h0', [100, 50]],
  [0, 'train', 'h1', [400, 300]],
  [1, 'train', 'h1', [400, 300]],
  [1, 'train', 'h2', null],
  [1, 'test', 'h3', [10, 900]],
  [0, 'test', 'h4', [800, 600]],
];
const split = {
  test: indices(4, 5),
  folds: [{ fold: { kind: 'holdout' as const }, fit: indices(0), tune: indices(1), outOfFold: indices(2) }],
};

it('counts images by class, role, set, format and dimensions', () => {
  expect(describeDataset(dataset(entries, split), 160)).toEqual({
    name: 'photos',
    root: '/photos',
    layout: 'splits',
    roles: [
      { role: 'train', found: 4 },
      { role: 'test', found: 2 },
    ],
    found: 6,
    usable: 5,
    classes: [
      { name: 'a', found: 3, usable: 3, training: 2, test: 1 },
      { name: 'b', found: 3, usable: 2, training: 1, test: 1 },
    ],
    sets: { trainingsPerMember: 1, fit: 1, tune: 1, outOfFold: 1, test: 2 },
    formats: { jpeg: 5 },
    dimensions: {
      smallest: [100, 50],
      median: [400, 300],
      largest: [800, 600],
      belowInputSize: 2,
      elongated: 1,
    },
    skipped: [{ path: 'x', reason: 'not an image', kind: 'image' }],
    hidden: 1,
    notices: ['a notice'],
    copies: { pictures: 3, leftOut: 0 },
    duplicates: [{ paths: ['0/0.jpg', '0/5.jpg'], splits: ['fit', 'test'] }],
    contradictions: [{ paths: ['0/1.jpg', '1/2.jpg'], classes: ['a', 'b'] }],
  });
});

it('has no sets if no split could be drawn, and no dimensions if no image can be used', () => {
  const bad = entries.map(([label, , hash]): Entry => [label, null, hash, null]);
  const section = describeDataset(dataset(bad, { test: indices(), folds: [] }), 160);
  expect(section).toMatchObject({ layout: 'classes', roles: [], usable: 0, sets: null, dimensions: null, formats: {} });
  expect(section.classes.map(({ training, test }) => [training, test])).toEqual([
    [null, null],
    [null, null],
  ]);
});
