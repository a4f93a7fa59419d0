import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageFile } from './image-folder.ts';
import { disjointSets, filterSplit, type SplitPlan, splitImages, trainingImages } from './split.ts';
import type { SplitRole } from './split-folders.ts';

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
  it('holds out: every image in one set, the classes spread, knowing nothing of the images but their names', () => {
    fc.assert(
      fc.property(anyCounts, fc.nat(), fc.nat(), (counts, seed, turn) => {
        const images = imagesOf(counts, null);
        const plan = planOf({ seed });
        const split = splitImages({ images, classes: classesOf(counts), root }, plan);
        expect(split.parts.map(({ name }) => name)).toEqual(['holdout']);
        const { fit, tune, heldOut } = split.parts[0]!;
        expect(sorted([...fit, ...tune, ...heldOut, ...split.test])).toEqual(images.map((_, index) => index));
        for (const [label, count] of counts.entries())
          for (const [set, share] of [
            [tune, 0.1],
            [heldOut, 0.15],
            [split.test, 0.2],
          ] as const) {
            const inSet = set.filter((index) => images[index]!.label === label).length;
            expect(Math.abs(inSet - share * count)).toBeLessThanOrEqual(1);
          }
        // The same images in another order fall into the same sets.
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

  it('deals k folds: every training image is held out exactly once, by a training that saw none of its fold', () => {
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
          expect(split.parts.map(({ name }) => name)).toEqual(members === 'refit' ? [...names, 'all'] : names);

          const training = trainingImages(split);
          expect(sorted(split.parts.flatMap(({ heldOut }) => [...heldOut]))).toEqual([...training]);
          expect(sorted([...training, ...split.test])).toEqual(images.map((_, index) => index));
          for (const { name, fit, tune, heldOut } of split.parts) {
            expect(sorted([...fit, ...tune, ...heldOut])).toEqual([...training]);
            expect(heldOut.length > 0).toBe(name !== 'all');
            // Every training knows every class, and is watched on every class.
            for (const set of [fit, tune])
              expect(new Set([...set].map((index) => images[index]!.label)).size).toBe(counts.length);
          }
        },
      ),
    );
  });

  it('keeps the flaw of stacking on training images: what is held out is what was learnt from', () => {
    const images = imagesOf([20, 20], null);
    const { parts, test } = splitImages(
      { images, classes: ['0', '1'], root },
      planOf({ stacking: { kind: 'training-images' } }),
    );
    expect(parts.map(({ name }) => name)).toEqual(['all']);
    expect(parts[0]!.heldOut).toEqual(parts[0]!.fit);
    expect(parts[0]!.fit.length + parts[0]!.tune.length + test.length).toBe(40);
  });

  it('keeps the flaw of watching the test images, and of testing on whole batches only', () => {
    const images = [...imagesOf([40, 40], 'train', 'train/'), ...imagesOf([21, 20], 'test', 'validation/')];
    const plan = planOf({ tune: 'test', stacking: { kind: 'training-images' }, testMultipleOf: 16 });
    const split = splitImages({ images, classes: ['0', '1'], root }, plan);
    expect(split.test).toHaveLength(32);
    expect(split.parts[0]!.tune).toEqual(split.test);
    expect(split.parts[0]!.fit).toHaveLength(80);
    expect([...split.test].every((index) => images[index]!.role === 'test')).toBe(true);
    expect(trainingImages(split)).toEqual(split.parts[0]!.fit);
    expect([...disjointSets(split).keys()]).toEqual(['fit', 'test']);
  });

  it('has sets of which no two share an image, with every way of stacking', () => {
    fc.assert(
      fc.property(anyCounts, anyStacking, fc.constantFrom(0.1, 'test' as const), (counts, stacking, tune) => {
        const images = imagesOf(counts, null);
        const split = splitImages({ images, classes: classesOf(counts), root }, planOf({ stacking, tune }));
        const all = [...disjointSets(split).values()].flatMap((set) => [...set]);
        expect(sorted(all)).toEqual(images.map((_, index) => index));
        // The same when an image has left.
        const left = [...disjointSets(filterSplit(split, (index) => index !== 3)).values()].flatMap((set) => [...set]);
        expect(sorted(left)).toEqual(images.map((_, index) => index).filter((index) => index !== 3));
      }),
    );
  });

  it('takes a test folder whole as the test set, and the other sets from train', () => {
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

  it('leaves out the same test images, whatever the order of the images, and refuses to leave out all', () => {
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
      'Expected at least 32 images to test on, a whole batch (flaws.wholeBatchesOnly), in /data, received 20',
    );
  });

  it('leaves every fold something of each class to fit, whatever the shares', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 4, max: 9 }), { minLength: 2, maxLength: 3 }),
        fc.double({ min: 0.01, max: 0.75, noNaN: true }),
        (counts, tune) => {
          const images = [...imagesOf(counts, 'train', 'train/'), ...imagesOf(counts, 'test', 'test/')];
          const plan = planOf({ tune, stacking: { kind: 'kfold', folds: 2, members: 'average' } });
          const split = splitImages({ images, classes: classesOf(counts), root }, plan);
          for (const { fit } of split.parts)
            expect(new Set([...fit].map((index) => images[index]!.label)).size).toBe(counts.length);
        },
      ),
    );
  });

  it('draws another split from another seed', () => {
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
  ])('says how many images a class needs %s', (_, stacking, count, message) => {
    const folder = { images: imagesOf([count, 20], null), classes: ['cats', 'dogs'], root };
    expect(() => splitImages(folder, planOf({ stacking }))).toThrow(message);
  });
});
