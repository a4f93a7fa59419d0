import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { checkDataset, type DatasetFacts } from './dataset-checks.ts';
import { DataError } from './errors.ts';
import type { SkippedEntry } from './image-walk.ts';
import { type SplitPlan, splitImages } from './split.ts';

const plan: SplitPlan = {
  ...{ seed: 0, tune: 0.1, test: 0.2, testMultipleOf: 1 },
  stacking: { kind: 'holdout', fraction: 0.1 },
};

/** A data set with these numbers of images per class; those of `bad` could not be decoded. */
function factsOf(counts: Record<string, number>, bad: readonly number[] = [], changes: Partial<SplitPlan> = {}) {
  const classes = Object.keys(counts);
  const images = classes.flatMap((name, label) =>
    Array.from({ length: counts[name]! }, (_, index) => {
      const relativePath = `${name}/${index}.jpg`;
      return { path: `/data/${relativePath}`, relativePath, label, role: null, sizeBytes: 1, mtimeMs: 0 };
    }),
  );
  const facts: DatasetFacts = {
    ...{ root: '/data', classes, images, skipped: [] },
    split: splitImages({ root: '/data', classes, images }, { ...plan, ...changes }),
    bad: bad.map((index) => ({ path: images[index]!.relativePath, reason: 'not an image' })),
    isUsable: (index) => !bad.includes(index),
  };
  return facts;
}

const setOf = (facts: DatasetFacts, set: 'fit' | 'tune' | 'outOfFold' | 'test', label: number) =>
  [...(set === 'test' ? facts.split.test : facts.split.folds[0]![set])].filter(
    (index) => facts.images[index]!.label === label,
  );

describe('checkDataset', () => {
  test.each<[string, SplitPlan['stacking']]>([
    ['a hold-out', { kind: 'holdout', fraction: 0.1 }],
    ['folds', { kind: 'kfold', folds: 5, members: 'refit' }],
    ['training images', { kind: 'training-images' }],
  ])('accepts data sets that a split with %s can be drawn from', (_, stacking) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10, max: 40 }), { minLength: 2, maxLength: 4 }),
        fc.nat(),
        (counts, seed) => {
          const named = Object.fromEntries(counts.map((count, label) => [`class ${label}`, count]));
          expect(() => checkDataset(factsOf(named, [], { stacking, seed }))).not.toThrow();
        },
      ),
    );
  });

  it('counts excluded images neither as bad nor among all images, and gives them as the reason for an empty class', () => {
    const withExcluded = (indices: readonly number[], bad: readonly number[]) => {
      const facts = factsOf({ disc: 60, bar: 60 }, bad);
      const excluded = indices.map((index) => ({
        path: facts.images[index]!.relativePath,
        reason: 'listed in wrong.txt',
      }));
      return { ...facts, excluded, isUsable: (index: number) => facts.isUsable(index) && !indices.includes(index) };
    };
    const rows = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
    expect(() => checkDataset(withExcluded(rows(0, 20), rows(20, 5)))).not.toThrow();
    expect(() => checkDataset(withExcluded(rows(0, 21), rows(21, 5)))).toThrow(
      /^5 of 99 images in \/data cannot be used/,
    );
    expect(() => checkDataset(withExcluded(rows(60, 60), []))).toThrow(
      'Expected images of class "bar" in /data, received none (bar/0.jpg: listed in wrong.txt; and 59 more); exclude fewer images or add images of this class.',
    );
  });

  it('rejects a class whose images are all bad, even if few images are', () => {
    const facts = factsOf({ disc: 60, bar: 60, peak: 5 }, [120, 121, 122, 123, 124]);
    expect(() => checkDataset(facts)).toThrow(DataError);
    expect(() => checkDataset(facts)).toThrow(
      'Expected images of class "peak" in /data, received none (peak/0.jpg: not an image; and 4 more); replace the bad files or add images of this class.',
    );
  });

  test.each([
    ['fit', 'fit'],
    ['tune', 'tune'],
    ['outOfFold', 'stack'],
    ['test', 'test'],
  ] as const)('11: rejects a class without a usable image in the set %s', (set, shown) => {
    const drawn = factsOf({ common: 60, rare: 4 });
    const bad = setOf(drawn, set, 1);
    expect(bad).toHaveLength(1);
    expect(() => checkDataset(factsOf({ common: 60, rare: 4 }, bad))).toThrow(
      `Expected a usable image of class "rare" in the ${shown} set of /data, received none (rare/${bad[0]! - 60}.jpg: not an image)`,
    );
  });

  it.each([[['a']], [[]]])('11: rejects fewer than two classes: %j', (classes) => {
    const facts = { ...factsOf({ a: 10, b: 10 }), classes };
    expect(() => checkDataset(facts)).toThrow(`at least two classes in /data, received ${classes.length}`);
  });

  const entry = (kind: SkippedEntry['kind'], path: string): SkippedEntry => ({ path, reason: 'why', kind });

  it('counts unlisted entries with an image name or content', () => {
    const skipped = Array.from({ length: 6 }, (_, index) => entry('image', `a/${index}.jpg`));
    const facts = { ...factsOf({ a: 50, b: 50 }), skipped };
    expect(() => checkDataset(facts)).toThrow(
      '6 of 106 images in /data cannot be used, more than 5 %: a/0.jpg (why); a/1.jpg (why)',
    );
    expect(() => checkDataset({ ...facts, skipped: skipped.slice(1) })).not.toThrow();
  });

  it('counts no other entries as bad, however many', () => {
    const kinds = ['link', 'repeat', 'folder', 'file', 'misplaced', 'outside'] as const;
    const skipped = kinds.flatMap((kind) => Array.from({ length: 40 }, (_, index) => entry(kind, `a/${index}`)));
    expect(() => checkDataset({ ...factsOf({ a: 50, b: 50 }), skipped })).not.toThrow();
  });

  it('accepts 5 % of bad images but not one more, listed or not', () => {
    const facts = (count: number) =>
      factsOf(
        { a: 50, b: 50 },
        Array.from({ length: count }, (_, index) => index),
      );
    expect(() => checkDataset(facts(5))).not.toThrow();
    expect(() => checkDataset(facts(6))).toThrow('6 of 100 images in /data cannot be used');
    const mixed = { ...facts(5), skipped: [entry('image', 'b/x.jpg')] };
    expect(() => checkDataset(mixed)).toThrow('6 of 101 images in /data cannot be used');
  });

  it('rejects any data set with a set that lacks a class, whichever images are bad', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 63 }), { maxLength: 3 }), (bad) => {
        const facts = factsOf({ common: 60, rare: 4 }, bad);
        const isWhole = (['fit', 'tune', 'outOfFold', 'test'] as const).every((set) =>
          [0, 1].every((label) => setOf(facts, set, label).some(facts.isUsable)),
        );
        if (isWhole) expect(() => checkDataset(facts)).not.toThrow();
        else expect(() => checkDataset(facts)).toThrow(DataError);
      }),
    );
  });
});
