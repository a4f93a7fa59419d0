import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochBatches, fillBatch } from './batches.ts';
import { createPixelStore, PixelStore } from './pixel-store.ts';

const anyIndices = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 80 }).map((list) => Uint32Array.from(list));

describe('epochBatches', () => {
  it('yields every image once; only the last batch may be smaller', () => {
    fc.assert(
      fc.property(
        anyIndices,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.boolean(),
        (indices, batchSize, seed, shuffle) => {
          const batches = [...epochBatches(indices, { batchSize, seed, epochIndex: 3, shuffle, flip: true })];
          const seen = batches.flatMap((batch) => [...batch.indices]);
          expect(seen.toSorted((a, b) => a - b)).toEqual([...indices].toSorted((a, b) => a - b));
          if (!shuffle) expect(seen).toEqual([...indices]);
          expect(batches.slice(0, -1).every((batch) => batch.indices.length === batchSize)).toBe(true);
          expect(batches.every((batch) => batch.flips.length === batch.indices.length)).toBe(true);
        },
      ),
    );
  });

  it('drops an incomplete last batch on request, with different images each epoch', () => {
    const indices = Uint32Array.from({ length: 20 }, (_, index) => index);
    const epochs = [0, 1, 2].map((epochIndex) =>
      [
        ...epochBatches(indices, {
          ...{ batchSize: 8, seed: 1, epochIndex, shuffle: true, flip: false },
          wholeBatchesOnly: true,
        }),
      ].map((batch) => [...batch.indices]),
    );
    expect(epochs.map((epoch) => epoch.map((batch) => batch.length))).toEqual([
      [8, 8],
      [8, 8],
      [8, 8],
    ]);
    expect(new Set(epochs[0]!.flat()).size).toBe(16);
    expect(
      epochs
        .map((epoch) =>
          epoch
            .flat()
            .toSorted((a, b) => a - b)
            .join(),
        )
        .every((one, _, all) => one === all[0]),
    ).toBe(false);
  });

  it('depends only on seed and epoch', () => {
    const indices = Uint32Array.from({ length: 50 }, (_, index) => index);
    const epoch = (seed: number, epochIndex: number) =>
      JSON.stringify(
        [...epochBatches(indices, { batchSize: 8, seed, epochIndex, shuffle: true, flip: true })].map((one) => [
          [...one.indices],
          [...one.flips],
        ]),
      );
    expect(epoch(1, 0)).toBe(epoch(1, 0));
    expect(epoch(1, 0)).not.toBe(epoch(1, 1));
    expect(epoch(1, 0)).not.toBe(epoch(2, 0));
  });

  it('flips about half of the images, or none when disabled', () => {
    const indices = Uint32Array.from({ length: 1000 }, (_, index) => index);
    const flips = (flip: boolean) =>
      [...epochBatches(indices, { batchSize: 32, seed: 5, epochIndex: 0, shuffle: true, flip })].flatMap((one) => [
        ...one.flips,
      ]);
    const count = flips(true).filter((one) => one === 1).length;
    expect(count).toBeGreaterThan(400);
    expect(count).toBeLessThan(600);
    expect(flips(false).every((one) => one === 0)).toBe(true);
  });
});

describe('fillBatch', () => {
  it('copies pixels and flips images horizontally on request', () => {
    const handle = createPixelStore(2, 2);
    const store = new PixelStore(handle);
    store.publish(0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    store.publish(1, new Uint8Array(12).fill(200));
    const out = new Float32Array(24);
    fillBatch(store, { indices: Uint32Array.of(1, 0), flips: Uint8Array.of(0, 1) }, out);
    expect([...out]).toEqual([...new Array(12).fill(200), 4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
  });
});
