import { expect, it, test } from 'vitest';
import type { DatasetSection } from './schema.ts';
import { warningsAbout } from './warnings.ts';

const plain: DatasetSection = {
  name: 'photos',
  root: '/photos',
  layout: 'classes',
  roles: [],
  found: 1000,
  usable: 1000,
  classes: ['a', 'b'].map((name) => ({ name, found: 500, usable: 500, training: 400, test: 100 })),
  sets: { trainingsPerMember: 1, fit: 600, tune: 100, outOfFold: 100, test: 200 },
  formats: { jpeg: 1000 },
  dimensions: { smallest: [200, 200], median: [300, 300], largest: [400, 400], belowInputSize: 0, elongated: 0 },
  skipped: [],
  hidden: 0,
  notices: [],
  copies: { pictures: 0, leftOut: 0 },
  duplicates: [],
  contradictions: [],
};
const small = (usable: number) => ({ name: 'rare', found: usable, usable, training: usable - 2, test: 2 });

it('does not warn of many images in balanced classes', () => expect(warningsAbout(plain)).toEqual([]));

test.each<[string, Partial<DatasetSection>, RegExp]>([
  [
    'few images of a class, with what to expect',
    { classes: [plain.classes[0]!, small(19)] },
    /^class "rare" has 19 images \(17 to train on, 2 to test\), fewer than 20: .* each test image accounts for 50 % of its recall$/,
  ],
  [
    'few test images, with the interval of an accuracy',
    { sets: { ...plain.sets!, test: 20 } },
    /^20 test images: if 18 are classified correctly, the true accuracy is between 70 % and 97 % \(95 % interval\)$/,
  ],
  [
    'unequal classes',
    { classes: [plain.classes[0]!, { ...small(50), usable: 50 }] },
    /^class "a" has 10 times as many images as "rare": always predicting "a" would be correct for 91 %/,
  ],
  ['entries that are not used', { skipped: [{ path: 'x', reason: 'y', kind: 'file' }] }, /^1 entry not used$/],
  [
    'contradicting labels',
    { contradictions: [{ paths: ['a/1', 'b/1'], classes: ['a', 'b'] }] },
    /^1 picture with several labels/,
  ],
  [
    'small images',
    { dimensions: { ...plain.dimensions!, belowInputSize: 51 } },
    /^51 images smaller than the input size/,
  ],
  [
    'elongated images',
    { dimensions: { ...plain.dimensions!, elongated: 51 } },
    /^51 images with one side more than three times the other/,
  ],
])('warns of %s', (_, changes, message) => {
  expect(warningsAbout({ ...plain, ...changes })).toContainEqual(expect.stringMatching(message));
});

it('12: warns of the pictures that are in several sets, with their number', () => {
  const duplicates = [1, 2].map((index) => ({ paths: [`a/${index}`, `a/copy-${index}`], splits: ['fit', 'test'] }));
  expect(warningsAbout({ ...plain, duplicates })).toContainEqual(
    expect.stringMatching(/^2 pictures in several sets of the split: /),
  );
});

it('does not warn of a few images with unusual dimensions', () => {
  const dimensions = { ...plain.dimensions!, belowInputSize: 50, elongated: 50 };
  expect(warningsAbout({ ...plain, dimensions })).toEqual([]);
});

it('does not warn of 20 images of a class', () => {
  expect(warningsAbout({ ...plain, classes: [small(20), small(20)] })).toEqual([]);
});
