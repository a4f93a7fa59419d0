import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parameterCount } from './augment/columns.ts';
import { unchanged } from './augment/settings.ts';
import { type Augmentation, augmentedBatches, flipsOf, viewsPerImage } from './augmentation.ts';

const fit = Uint32Array.from({ length: 50 }, (_, index) => 3 * index);

function epoch(augmentation: Augmentation, { seed = 1, epochIndex = 0, batchSize = 8, wholeBatchesOnly = false } = {}) {
  const batches = [
    ...augmentedBatches(fit, { augmentation, batchSize, wholeBatchesOnly }, { seed, epochIndex, size: 32 }),
  ];
  return {
    sizes: batches.map(({ indices }) => indices.length),
    indices: batches.flatMap(({ indices }) => [...indices]),
    flips: batches.flatMap(({ flips }) => [...flips]),
    parameters: batches.flatMap(({ parameters = [] }) => [...parameters]),
  };
}

const random: Augmentation = { kind: 'random', ...unchanged, flip: true, rotation: 20 };
const kinds: Augmentation[] = [{ kind: 'none' }, { kind: 'flip' }, random];

describe('augmentedBatches', () => {
  test.each(kinds)('has every image once in each epoch: $kind', (augmentation) => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(100), fc.integer({ min: 1, max: 60 }), (seed, epochIndex, batchSize) => {
        const { indices, flips } = epoch(augmentation, { seed, epochIndex, batchSize });
        expect(indices.toSorted((a, b) => a - b)).toEqual([...fit]);
        expect(flips).toHaveLength(fit.length);
      }),
    );
  });

  test.each(kinds)('depends only on the seed and the epoch: $kind', (augmentation) => {
    const first = epoch(augmentation);
    expect(epoch(augmentation)).toEqual(first);
    expect(epoch(augmentation, { seed: 2 }).indices).not.toEqual(first.indices);
    expect(epoch(augmentation, { epochIndex: 1 }).indices).not.toEqual(first.indices);
  });

  it('flips different images in each epoch, and none without flips', () => {
    const { flips } = epoch({ kind: 'flip' });
    expect(new Set(flips)).toEqual(new Set([0, 1]));
    expect(epoch({ kind: 'flip' }, { epochIndex: 1 }).flips).not.toEqual(flips);
    expect(new Set(epoch({ kind: 'none' }).flips)).toEqual(new Set([0]));
  });

  it('has the same order with and without flips', () => {
    expect(epoch({ kind: 'flip' }).indices).toEqual(epoch({ kind: 'none' }).indices);
  });

  it('has the same order and flips with further augmentation, whose parameters differ in each epoch', () => {
    const { indices, flips, parameters } = epoch(random);
    expect({ indices, flips }).toMatchObject({
      indices: epoch({ kind: 'flip' }).indices,
      flips: epoch({ kind: 'flip' }).flips,
    });
    expect(parameters).toHaveLength(fit.length * parameterCount);
    expect(epoch(random, { epochIndex: 1 }).parameters).not.toEqual(parameters);
    expect(epoch({ kind: 'flip' }).parameters).toEqual([]);
  });

  it('augments each copy of an image in its own way, and the first one as without copies', () => {
    const parametersOf = (images: Uint32Array) => {
      const stage = { augmentation: random, batchSize: 7, wholeBatchesOnly: false };
      const found = new Map<number, string[]>();
      for (const { indices, parameters } of augmentedBatches(images, stage, { seed: 1, epochIndex: 3, size: 32 }))
        for (const [position, image] of indices.entries()) {
          const row = parameters!.slice(position * parameterCount, (position + 1) * parameterCount);
          found.set(image, [...(found.get(image) ?? []), row.join()]);
        }
      return found;
    };
    const once = parametersOf(fit);
    const thrice = parametersOf(Uint32Array.from([...fit, ...fit, ...fit]));
    for (const [image, rows] of thrice) {
      expect(new Set(rows).size).toBe(3);
      expect(rows[0]).toBe(once.get(image)![0]);
    }
  });

  it('takes another version for each copy of an image that has cached copies, and the first one as without copies', () => {
    const versionsOf = (images: Uint32Array) => {
      const cachedCopies = { count: 3, augmentation: random };
      const stage = { augmentation: { kind: 'flip' } as const, cachedCopies, batchSize: 7, wholeBatchesOnly: false };
      const found = new Map<number, number[]>();
      for (const { indices, versions } of augmentedBatches(images, stage, { seed: 1, epochIndex: 3, size: 32 }))
        for (const [position, image] of indices.entries())
          found.set(image, [...(found.get(image) ?? []), versions![position]!]);
      return found;
    };
    const once = versionsOf(fit);
    for (const [image, versions] of versionsOf(Uint32Array.from([...fit, ...fit, ...fit]))) {
      expect(new Set(versions).size).toBe(3);
      expect(versions[0]).toBe(once.get(image)![0]);
    }
  });

  it('with wholeBatchesOnly, leaves out an incomplete last batch', () => {
    expect(epoch({ kind: 'none' }).sizes).toEqual([8, 8, 8, 8, 8, 8, 2]);
    expect(epoch({ kind: 'none' }, { wholeBatchesOnly: true }).sizes).toEqual([8, 8, 8, 8, 8, 8]);
  });
});

test('a cache keeps one row per image, or two with flips', () => {
  expect(kinds.map(viewsPerImage)).toEqual([1, 2, 2]);
  expect(viewsPerImage({ ...random, flip: false })).toBe(1);
  expect(flipsOf(random)).toEqual({ kind: 'flip' });
  expect(flipsOf({ ...random, flip: false })).toEqual({ kind: 'none' });
});
