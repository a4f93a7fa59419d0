import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Augmentation, augmentedBatches, viewsPerImage } from './augmentation.ts';

const fit = Uint32Array.from({ length: 50 }, (_, index) => 3 * index);

function epoch(augmentation: Augmentation, { seed = 1, epochIndex = 0, batchSize = 8, wholeBatchesOnly = false } = {}) {
  const batches = [...augmentedBatches(fit, { augmentation, batchSize, wholeBatchesOnly }, { seed, epochIndex })];
  return {
    sizes: batches.map(({ indices }) => indices.length),
    indices: batches.flatMap(({ indices }) => [...indices]),
    flips: batches.flatMap(({ flips }) => [...flips]),
  };
}

const both: Augmentation[] = [{ kind: 'none' }, { kind: 'flip' }];

describe('augmentedBatches', () => {
  test.each(both)('has every image once in each epoch: $kind', (augmentation) => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(100), fc.integer({ min: 1, max: 60 }), (seed, epochIndex, batchSize) => {
        const { indices, flips } = epoch(augmentation, { seed, epochIndex, batchSize });
        expect(indices.toSorted((a, b) => a - b)).toEqual([...fit]);
        expect(flips).toHaveLength(fit.length);
      }),
    );
  });

  test.each(both)('depends only on the seed and the epoch: $kind', (augmentation) => {
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

  it('with wholeBatchesOnly, leaves out an incomplete last batch', () => {
    expect(epoch({ kind: 'none' }).sizes).toEqual([8, 8, 8, 8, 8, 8, 2]);
    expect(epoch({ kind: 'none' }, { wholeBatchesOnly: true }).sizes).toEqual([8, 8, 8, 8, 8, 8]);
  });
});

test('a cache keeps one row per image, or two with flips', () => {
  expect(both.map(viewsPerImage)).toEqual([1, 2]);
});
