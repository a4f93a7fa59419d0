import { setImmediate } from 'node:timers';
import type { ImageBatch } from '@chorus/data';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { StoppedError } from './errors.ts';
import { batchCountOf, forwardBatchSize, forwardRows, numbersOf } from './forward-rows.ts';
import { StopFlag } from './stop-flag.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

/** The first `count` images in reverse order. */
const images = (count: number) => Uint32Array.from({ length: count }, (_, index) => count - 1 - index);

/** [rows, 2]: each image's index and whether it is flipped, followed by a row to ignore. */
function describeBatch({ indices, flips }: ImageBatch): Float32Array {
  return Float32Array.of(...[...indices].flatMap((index, row) => [index, flips[row]!]), -1, -1);
}

describe('forwardRows', () => {
  it('returns the rows of every image once, in the given order, each mirror image after its image', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(1000), { maxLength: 3 * forwardBatchSize }),
        fc.constantFrom(1 as const, 2 as const),
        async (indices, viewsPerImage) => {
          const rows = await forwardRows(Uint32Array.from(indices), { width: 2, viewsPerImage }, describeBatch);
          const expected = indices.flatMap((index) => [index, 0, ...(viewsPerImage === 2 ? [index, 1] : [])]);
          expect([...rows]).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    { given: 5, viewsPerImage: 1, batches: [5] },
    { given: 40, viewsPerImage: 1, batches: [32, 8] },
    { given: 40, viewsPerImage: 2, batches: [32, 32, 16] },
  ] as const)('batches $given images in $viewsPerImage views', async ({ given, viewsPerImage, batches }) => {
    const seen: number[] = [];
    await forwardRows(images(given), { width: 2, viewsPerImage }, (batch) => {
      seen.push(batch.indices.length);
      return describeBatch(batch);
    });
    expect(seen).toEqual(batches);
    expect(batchCountOf(given, viewsPerImage)).toBe(batches.length);
  });

  it('writes into the given memory', async () => {
    const memory = new SharedArrayBuffer(3 * 2 * Float32Array.BYTES_PER_ELEMENT);
    const rows = await forwardRows(images(3), { width: 2, rows: new Float32Array(memory) }, describeBatch);
    expect(rows.buffer).toBe(memory);
    expect([...new Float32Array(memory)]).toEqual([2, 0, 1, 0, 0, 0]);
  });

  it('reports each batch, and handles messages between batches', async () => {
    const events: string[] = [];
    await forwardRows(
      images(20),
      { width: 2, viewsPerImage: 2, onBatch: (index, count) => events.push(`batch ${index} of ${count}`) },
      (batch) => {
        events.push(`${batch.indices.length} rows`);
        setImmediate(() => events.push('message'));
        return describeBatch(batch);
      },
    );
    expect(events).toEqual(['32 rows', 'message', 'batch 0 of 2', '8 rows', 'message', 'batch 1 of 2']);
  });

  it('stops before the next batch', async () => {
    const stop = new StopFlag();
    let batchCount = 0;
    const run = forwardRows(images(40), { width: 2, stop }, (batch) => {
      batchCount += 1;
      stop.raise();
      return describeBatch(batch);
    });
    await expect(run).rejects.toThrow(StoppedError);
    expect(batchCount).toBe(1);
  });
});

describe('numbersOf', () => {
  it('keeps no tensor, also of a function that throws', () => {
    const before = tf.memory().numTensors;
    expect([...numbersOf(() => tf.add(tf.tensor1d([1, 2]), 1))]).toEqual([2, 3]);
    expect(() =>
      numbersOf(() => {
        tf.scalar(1);
        throw new RangeError('of the function');
      }),
    ).toThrow('of the function');
    expect(tf.memory().numTensors).toBe(before);
  });
});
