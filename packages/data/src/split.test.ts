import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageFile } from './image-folder.ts';
import { disjointSets, filterSplit, type SplitPlan, splitImages, trainingImages } from './split.ts';
import type { SplitRole } from './split-folders.ts';
import { foldName } from './training-fold.ts';

const root = '/data';

function imagesOf(counts: number[], role: SplitRole | null, prefix = ''): ImageFile[] {
  return counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, index) => {
      const relativePath = `${prefix}${label}/${index}.jpg`;
      return { path: `${root}/${relativePath}`, relativePath, label, role, sizeBytes: 1, mtimeMs: 0 };
    }),
  );
}

const anyCounts = fc.array(fc.integer({ min: 13, max: 60 }), { minLength: 2, maxLength: 5 });
const planOf = (changes: Partial<SplitPlan> = {}): SplitPlan => ({
  seed: 0,
  tune: 0.1,
  test: 0.2,
  stacking: { kind: 'holdout', fraction: 0.15 },
  testMultipleOf: 1,
  ...changes,
});
const anyStacking = fc.oneof(
  fc.constant<SplitPlan['stacking']>({ kind: 'holdout', fraction: 0.15 }),
  fc.constant<SplitPlan['stacking']>({ kind: 'training-images' }),
  fc.record({
    kind: fc.constant<'kfold'>('kfold'),
    folds: fc.integer({ min: 2, max: 8 }),
    members: fc.constantFrom('refit' as const, 'average' as const),
  }),
);
const classesOf = (counts: number[]) => counts.map((_, label) => String(label));
const sorted = (indices: Iterable<number>) => [...indices].toSorted((a, b) => a - b);

describe('splitImages', () => {
  it('holds out: every image in one set, stratified by class, depending only on the image names', () => {
    fc.assert(
      fc.property(anyCounts, fc.nat(), fc.nat(), (counts, seed, turn) => {
        const images = imagesOf(counts, null);
        const plan = planOf({ seed });
        const split = splitImages({ images, classes: classesOf(counts), root }, plan);
        expect(split.folds.map(({ fold }) => foldName(fold))).toEqual(['holdout']);
        const { fit, tune, outOfFold } = split.folds[0]!;
        expect(sorted([...fit, ...tune, ...outOfFold, ...split.test])).toEqual(images.map((_, index) => index));
        for (const [label, count] of counts.entries())
          for (const [set, share] of [
            [tune, 0.1],
            [outOfFold, 0.15],
            [split.test, 0.2],
          ] as const) {
            const inSet = set.filter((index) => images[index]!.label === label).length;
            expect(Math.abs(inSet - share * count)).toBeLessThanOrEqual(1);
          }
        // The same images in another order are assigned to the same sets.
        const turned = images.map((_, index) => images[(index + turn) % images.length]!);
        const again = splitImages({ images: turned, classes: classesOf(counts), root }, plan);
        for (const [name, set] of disjointSets(split)) {
          const paths = [...set].map((index) => images[index]!.relativePath).toSorted();
          const others = [...disjointSets(again).get(name)!].map((index) => turned[index]!.relativePath);
          expect(others.toSorted()).toEqual(paths);
        }
      }),
    );
  });

  it('deals k folds: every training image is held out exactly once, from a training run without its fold', () => {
    fc.assert(
      fc.property(
        anyCounts,
        fc.integer({ min: 2, max: 8 }),
        fc.constantFrom('refit' as const, 'average' as const),
        fc.nat(),
        (counts, folds, members, seed) => {
          const images = imagesOf(counts, null);
          const plan = planOf({ seed, stacking: { kind: 'kfold', folds, members } });
          const split = splitImages({ images, classes: classesOf(counts), root }, plan);
          const names = Array.from({ length: folds }, (_, index) => `fold-${index + 1}`);
          expect(split.folds.map(({ fold }) => foldName(fold))).toEqual(
            members === 'refit' ? [...names, 'all'] : names,
          );

          const training = trainingImages(split);
          expect(sorted(split.folds.flatMap(({ outOfFold }) => [...outOfFold]))).toEqual([...training]);
          expect(sorted([...training, ...split.test])).toEqual(images.map((_, index) => index));
          for (const { fold, fit, tune, outOfFold } of split.folds) {
            expect(sorted([...fit, ...tune, ...outOfFold])).toEqual([...training]);
            expect(outOfFold.length > 0).toBe(fold.kind !== 'all');
            // Every training fits every class and monitors every class.
            for (const set of [fit, tune])
              expect(new Set([...set].map((index) => images[index]!.label)).size).toBe(counts.length);
          }
        },
      ),
    );
  });

  it('reproduces the flaw of stacking on training images: the out-of-fold images are the fit images', () => {
    const images = imagesOf([20, 20], null);
    const { folds, test } = splitImages(
      { images, classes: ['0', '1'], root },
      planOf({ stacking: { kind: 'training-images' } }),
    );
    expect(folds.map(({ fold }) => foldName(fold))).toEqual(['all']);
    expect(folds[0]!.outOfFold).toEqual(folds[0]!.fit);
    expect(folds[0]!.fit.length + folds[0]!.tune.length + test.length).toBe(40);
  });

  it('reproduces the flaws of monitoring the test images and of testing on whole batches only', () => {
    const images = [...imagesOf([40, 40], 'train', 'train/'), ...imagesOf([21, 20], 'test', 'validation/')];
    const plan = planOf({ tune: 'test', stacking: { kind: 'training-images' }, testMultipleOf: 16 });
    const split = splitImages({ images, classes: ['0', '1'], root }, plan);
    expect(split.test).toHaveLength(32);
    expect(split.folds[0]!.tune).toEqual(split.test);
    expect(split.folds[0]!.fit).toHaveLength(80);
    expect([...split.test].every((index) => images[index]!.role === 'test')).toBe(true);
    expect(trainingImages(split)).toEqual(split.folds[0]!.fit);
    expect([...disjointSets(split).keys()]).toEqual(['fit', 'test']);
  });

  it('has disjoint sets with every stacking method', () => {
    fc.assert(
      fc.property(anyCounts, anyStacking, fc.constantFrom(0.1, 'test' as const), (counts, stacking, tune) => {
        const images = imagesOf(counts, null);
        const split = splitImages({ images, classes: classesOf(counts), root }, planOf({ stacking, tune }));
        const all = [...disjointSets(split).values()].flatMap((set) => [...set]);
        expect(sorted(all)).toEqual(images.map((_, index) => index));
        // This also holds after an image is removed.
        const left = [...disjointSets(filterSplit(split, (index) => index !== 3)).values()].flatMap((set) => [...set]);
        expect(sorted(left)).toEqual(images.map((_, index) => index).filter((index) => index !== 3));
      }),
    );
  });

  it('uses the whole test folder as the test set, and draws the other sets from train', () => {
    fc.assert(
      fc.property(anyCounts, anyStacking, (counts, stacking) => {
        const images = [...imagesOf(counts, 'train', 'train/'), ...imagesOf(counts, 'test', 'validation/')];
        const split = splitImages({ images, classes: classesOf(counts), root }, planOf({ stacking }));
        const given = images.flatMap((image, index) => (image.role === 'test' ? [index] : []));
        expect([...split.test]).toEqual(given);
        expect(trainingImages(split)).toHaveLength(images.length - given.length);
      }),
    );
  });

  it('drops the same test images in any order of the images, and does not drop all', () => {
    const images = imagesOf([50, 50], null);
    const plan = planOf({ testMultipleOf: 16 });
    const testOf = (some: ImageFile[]) =>
      [...splitImages({ images: some, classes: ['0', '1'], root }, plan).test]
        .map((index) => some[index]!.relativePath)
        .toSorted();
    expect(testOf(images)).toHaveLength(16);
    expect(testOf(images.toReversed())).toEqual(testOf(images));
    const tooMany = planOf({ testMultipleOf: 32 });
    expect(() => splitImages({ images, classes: ['0', '1'], root }, tooMany)).toThrow(
      'Expected at least 32 test images in /data, a whole batch (flaws.wholeBatchesOnly), received 20',
    );
  });

  it('leaves images of each class to fit in every fold, for any shares', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 4, max: 9 }), { minLength: 2, maxLength: 3 }),
        fc.double({ min: 0.01, max: 0.75, noNaN: true }),
        (counts, tune) => {
          const images = [...imagesOf(counts, 'train', 'train/'), ...imagesOf(counts, 'test', 'test/')];
          const plan = planOf({ tune, stacking: { kind: 'kfold', folds: 2, members: 'average' } });
          const split = splitImages({ images, classes: classesOf(counts), root }, plan);
          for (const { fit } of split.folds)
            expect(new Set([...fit].map((index) => images[index]!.label)).size).toBe(counts.length);
        },
      ),
    );
  });

  it('draws a different split from a different seed', () => {
    const folder = { images: imagesOf([50, 50], null), classes: ['0', '1'], root };
    expect(splitImages(folder, planOf({ seed: 1 })).test).not.toEqual(splitImages(folder, planOf({ seed: 2 })).test);
  });

  it.each<[string, SplitPlan['stacking'], number, string]>([
    [
      'to hold out',
      { kind: 'holdout', fraction: 0.1 },
      3,
      'Expected at least 4 images of class "cats" to train and test on in /data, received 3.',
    ],
    [
      'for five folds',
      { kind: 'kfold', folds: 5, members: 'refit' },
      7,
      'Expected at least 7 images of class "cats" to train on in 5 folds in /data, received 6; lower stacking.folds.',
    ],
  ])('states how many images a class needs %s', (_, stacking, count, message) => {
    const folder = { images: imagesOf([count, 20], null), classes: ['cats', 'dogs'], root };
    expect(() => splitImages(folder, planOf({ stacking }))).toThrow(message);
  });
});

describe('splitImages with split folders for tune images', () => {
  const folderOf = (counts: number[], watched: number[], tested: number[]) => {
    const images = [
      ...imagesOf(counts, 'train', 'train/'),
      ...imagesOf(watched, 'tune', 'val/'),
      ...imagesOf(tested, 'test', 'test/'),
    ];
    const ofRole = (role: SplitRole) => images.flatMap((image, index) => (image.role === role ? [index] : []));
    return { images, classes: classesOf(counts), root, ofRole };
  };

  it('monitors them in every training, and neither fits nor predicts them', () => {
    fc.assert(
      fc.property(anyCounts, anyStacking, fc.nat(), (counts, stacking, seed) => {
        const folder = folderOf(
          counts,
          counts.map(() => 3),
          counts.map(() => 2),
        );
        const split = splitImages(folder, planOf({ seed, stacking }));
        expect([...split.test]).toEqual(folder.ofRole('test'));
        const training = folder.ofRole('train');
        for (const { fold, fit, tune, outOfFold } of split.folds) {
          expect([...tune]).toEqual(folder.ofRole('tune'));
          expect(sorted(new Set([...fit, ...outOfFold]))).toEqual(training);
          if (stacking.kind !== 'training-images') expect(fit.length + outOfFold.length).toBe(training.length);
          expect(fold.kind === 'all' || outOfFold.length > 0).toBe(true);
        }
        const all = [...disjointSets(split).values()].flatMap((set) => [...set]);
        expect(sorted(all)).toEqual(folder.images.map((_, index) => index));
      }),
    );
  });

  it('needs no training image for the tune set', () => {
    const plan = planOf({ stacking: { kind: 'kfold', folds: 3, members: 'average' } });
    expect(() => splitImages(folderOf([4, 4], [1, 1], [1, 1]), plan)).not.toThrow();
    expect(() => splitImages(folderOf([3, 4], [1, 1], [1, 1]), plan)).toThrow(
      'Expected at least 4 images of class "0" to train on in 3 folds in /data, received 3',
    );
    const holdout = planOf();
    expect(() => splitImages(folderOf([2, 2], [1, 1], [1, 1]), holdout)).not.toThrow();
    expect(() => splitImages(folderOf([1, 2], [1, 1], [1, 1]), holdout)).toThrow(/at least 2 images of class "0"/);
  });

  it('draws the test images if only tune images are provided', () => {
    const folder = folderOf([20, 20], [3, 3], []);
    const split = splitImages(folder, planOf());
    expect(split.test).toHaveLength(8);
    expect([...split.test].every((index) => folder.images[index]!.role === 'train')).toBe(true);
  });

  it('rejects them with the flaw that monitors the test images', () => {
    expect(() => splitImages(folderOf([20, 20], [3, 2], [1, 1]), planOf({ tune: 'test' }))).toThrow(
      'Expected no tune images in /data, because flaws.tuneOnTest monitors the test images; received 5',
    );
  });
});

describe('splitImages without groups', () => {
  const folders = [
    imagesOf([7, 8], 'train', 'train/').concat(imagesOf([3, 2], 'test', 'test/')),
    imagesOf([13, 16], null),
    imagesOf([9, 8], null),
  ] as const;

  // Recorded before groups existed: the same seed must keep giving the same split.
  it.each<[string, ImageFile[], SplitPlan, number[], [string, number[], number[], number[]][]]>([
    [
      'a hold-out',
      folders[1],
      planOf({ seed: 7 }),
      [0, 4, 12, 13, 23, 28],
      [['holdout', [1, 2, 3, 6, 8, 10, 11, 14, 15, 16, 19, 20, 21, 22, 24, 25], [9, 17, 26], [5, 7, 18, 27]]],
    ],
    [
      'three folds',
      folders[2],
      planOf({ seed: 7, stacking: { kind: 'kfold', folds: 3, members: 'refit' } }),
      [1, 8, 14, 15],
      [
        ['fold-1', [0, 2, 6, 11, 12, 16], [7, 13], [3, 4, 5, 9, 10]],
        ['fold-2', [0, 3, 5, 6, 9, 10, 16], [4, 13], [2, 7, 11, 12]],
        ['fold-3', [2, 3, 5, 7, 9, 10, 11], [4, 12], [0, 6, 13, 16]],
        ['all', [0, 2, 3, 5, 6, 7, 9, 10, 11, 12, 16], [4, 13], []],
      ],
    ],
    [
      'three folds beside a test folder',
      folders[0],
      planOf({ seed: 7, stacking: { kind: 'kfold', folds: 3, members: 'average' } }),
      [15, 16, 17, 18, 19],
      [
        ['fold-1', [2, 3, 6, 9, 10, 12, 13, 14], [0, 11], [1, 4, 5, 7, 8]],
        ['fold-2', [1, 3, 4, 6, 7, 8, 9, 10], [5, 11], [0, 2, 12, 13, 14]],
        ['fold-3', [0, 1, 2, 4, 7, 8, 12, 14], [5, 13], [3, 6, 9, 10, 11]],
      ],
    ],
  ])('still draws the recorded split: %s', (_, images, plan, test, parts) => {
    const split = splitImages({ images, classes: ['0', '1'], root }, plan);
    expect([...split.test]).toEqual(test);
    expect(
      split.folds.map(({ fold, fit, tune, outOfFold }) => [foldName(fold), [...fit], [...tune], [...outOfFold]]),
    ).toEqual(parts);
    const alone = images.map((_, index) => [index]);
    expect(splitImages({ images, classes: ['0', '1'], root }, plan, alone)).toEqual(split);
  });
});

describe('splitImages with groups', () => {
  /** Groups of at most four images with any labels, over at most a third of the images. */
  const anyGroups = (imageCount: number) =>
    fc
      .tuple(
        fc.shuffledSubarray(
          Array.from({ length: imageCount }, (_, index) => index),
          {
            maxLength: Math.floor(imageCount / 3),
          },
        ),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: imageCount, maxLength: imageCount }),
      )
      .map(([indices, sizes]) => {
        const groups: number[][] = [];
        for (let at = 0, group = 0; at < indices.length; at += sizes[group]!, group += 1)
          groups.push(indices.slice(at, at + sizes[group]!));
        return groups;
      });
  const anyFolder = anyCounts.chain((counts) =>
    fc.record({
      counts: fc.constant(counts),
      groups: anyGroups(counts.reduce((sum, count) => sum + count, 0)),
      // Groups may leave a class with too few images.
      stacking: anyStacking,
      seed: fc.nat(),
      turn: fc.nat(),
    }),
  );
  const splitOrRefusal = (images: ImageFile[], counts: number[], plan: SplitPlan, groups: number[][]) => {
    try {
      return splitImages({ images, classes: classesOf(counts), root }, plan, groups);
    } catch (error) {
      expect((error as Error).message).toMatch(/^(Expected at least|No image of class)/);
      return null;
    }
  };

  it('keeps groups together, loses no image, and does not depend on the order of images or groups', () => {
    let drawnCount = 0;
    fc.assert(
      fc.property(anyFolder, ({ counts, groups, stacking, seed, turn }) => {
        const images = imagesOf(counts, null);
        const plan = planOf({ seed, stacking });
        const split = splitOrRefusal(images, counts, plan, groups);
        if (split === null) return;
        drawnCount += 1;
        const sets = disjointSets(split);
        expect(sorted([...sets.values()].flatMap((set) => [...set]))).toEqual(images.map((_, index) => index));
        for (const { fit, tune, outOfFold } of split.folds)
          for (const set of [fit, tune, outOfFold, split.test].map((indices) => new Set(indices)))
            for (const group of groups) {
              const inside = group.filter((index) => set.has(index)).length;
              expect(inside === 0 || inside === group.length).toBe(true);
            }
        for (const { fit, tune, outOfFold } of split.folds)
          if (stacking.kind !== 'training-images')
            expect(new Set([...fit, ...tune, ...outOfFold]).size).toBe(fit.length + tune.length + outOfFold.length);
        // The same images and groups in another order.
        const moved = images.map((_, index) => (index + turn) % images.length);
        const turned = moved.map((index) => images[index]!);
        const positionOf = new Map(moved.map((index, position) => [index, position]));
        const turnedGroups = groups.map((group) => group.map((index) => positionOf.get(index)!).toReversed());
        const again = splitImages(
          { images: turned, classes: classesOf(counts), root },
          plan,
          turnedGroups.toReversed(),
        );
        for (const [name, set] of disjointSets(again))
          expect(sorted([...set].map((position) => moved[position]!))).toEqual([...sets.get(name)!]);
      }),
    );
    expect(drawnCount).toBeGreaterThan(50);
  });

  it('keeps the other pictures of a class in fit if one of them has many copies, grouped or dropped', () => {
    const images = imagesOf([80, 20], null);
    const copies = Array.from({ length: 60 }, (_, index) => index);
    const folder = { images, classes: ['0', '1'], root };
    const grouped = splitImages(folder, planOf(), [copies]);
    const dropped = splitImages(folder, planOf(), [copies], new Set(copies.slice(1)));
    for (const { test, folds } of [grouped, dropped]) {
      const others = (set: Uint32Array) => [...set].filter((index) => index >= 60 && index < 80).length;
      expect(others(folds[0]!.fit)).toBeGreaterThanOrEqual(10);
      expect(others(folds[0]!.tune)).toBeGreaterThanOrEqual(1);
      expect(others(test)).toBeGreaterThanOrEqual(2);
    }
    const all = [...disjointSets(dropped).values()].flatMap((set) => [...set]);
    expect(all.filter((index) => index < 60)).toEqual([0]);
  });

  it('assigns a picture of two classes to the smaller one, in any order', () => {
    for (const [first, second] of [
      [20, 10],
      [10, 20],
    ] as const) {
      const images = imagesOf([first, second], null);
      const groups = Array.from({ length: 10 }, (_, index) => [index, first + index]);
      const { test, folds } = splitImages({ images, classes: ['0', '1'], root }, planOf(), groups);
      for (const set of [test, folds[0]!.fit, folds[0]!.tune])
        expect(new Set(Array.from(set, (index) => images[index]!.label)).size).toBe(2);
    }
  });

  it('keeps the shares within the size of a group, per class', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 30, max: 60 }), { minLength: 2, maxLength: 4 }),
        fc.nat(),
        (counts, seed) => {
          const images = imagesOf(counts, null);
          // Every third image has a copy in its own class.
          const groups = images.flatMap(({ label }, index) =>
            index % 3 === 0 && images[index + 1]?.label === label ? [[index, index + 1]] : [],
          );
          const folder = { images, classes: classesOf(counts), root };
          const held = splitImages(folder, planOf({ seed }), groups);
          const folds = splitImages(
            folder,
            planOf({ seed, stacking: { kind: 'kfold', folds: 4, members: 'average' } }),
            groups,
          );
          for (const [label, count] of counts.entries()) {
            const inClass = (set: Uint32Array) => [...set].filter((index) => images[index]!.label === label).length;
            expect(Math.abs(inClass(held.test) - 0.2 * count)).toBeLessThanOrEqual(2);
            expect(Math.abs(inClass(held.folds[0]!.tune) - 0.1 * count)).toBeLessThanOrEqual(2);
            const sizes = folds.folds.map(({ outOfFold }) => inClass(outOfFold));
            expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(4);
          }
        },
      ),
    );
  });

  it('keeps a test folder complete, and keeps the training copies of one of its pictures together', () => {
    const images = [...imagesOf([20, 20], 'train', 'train/'), ...imagesOf([4, 4], 'test', 'test/')];
    const group = [0, 5, 9, 41];
    for (let seed = 0; seed < 30; seed += 1) {
      const plan = planOf({ seed, stacking: { kind: 'kfold', folds: 4, members: 'average' } });
      const split = splitImages({ images, classes: ['0', '1'], root }, plan, [group]);
      expect([...split.test]).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
      const holding = split.folds.filter(({ outOfFold }) => group.some((index) => outOfFold.includes(index)));
      expect(holding).toHaveLength(1);
      expect([...holding[0]!.outOfFold]).toEqual(expect.arrayContaining([0, 5, 9]));
    }
  });

  it('counts a group once towards the images that a class needs, and the message says so', () => {
    const images = imagesOf([10, 20], null);
    expect(() =>
      splitImages({ images, classes: ['cats', 'dogs'], root }, planOf(), [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
      ]),
    ).toThrow(
      'Expected at least 4 images of class "cats" to train and test on in /data, received 2 distinct ones (copies of one picture stay together; see data.duplicates)',
    );
  });
});
