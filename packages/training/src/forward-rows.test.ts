import { setImmediate } from 'node:timers';
import { type TestTimeAugmentation, type View, viewsOf } from '@chorus/models';
import { initRuntime } from '@chorus/runtime';
import tf from '@chorus/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { StoppedError } from './errors.ts';
import { batchCountOf, forwardBatchSize, forwardRows, numbersOf } from './forward-rows.ts';
import type { ViewBatch } from './image-reader.ts';
import { StopFlag } from './stop-flag.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

/** The first `count` images in reverse order. */
const images = (count: number) => Uint32Array.from({ length: count }, (_, index) => count - 1 - index);

/** [rows, 2]: each image's index, and a number for its view, followed by a row to ignore. */
function describeBatch({ indices, flips, crops }: ViewBatch): Float32Array {
  const numberOf = (row: number) => numberOfView({ crop: crops?.[row] ?? null, mirror: flips[row] === 1 });
  return Float32Array.of(...[...indices].flatMap((index, row) => [index, numberOf(row)]), -1, -1);
}

function numberOfView({ crop, mirror }: View): number {
  return Number(mirror) + (crop === null ? 0 : 2 + 100 * crop.left + 1000 * crop.top + 10_000 * crop.side);
}

describe('forwardRows', () => {
  it('returns the rows of every image once, in the given order, and those of its views in theirs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(1000), { maxLength: 3 * forwardBatchSize }),
        fc.constantFrom<TestTimeAugmentation>(false, true, 'scales', 'five-crops'),
        async (indices, kind) => {
          const views = viewsOf(kind);
          const rows = await forwardRows(Uint32Array.from(indices), { width: 2, views }, describeBatch);
          const expected = indices.flatMap((index) => views.flatMap((view) => [index, numberOfView(view)]));
          expect([...rows]).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    { given: 5, kind: false, batches: [5] },
    { given: 40, kind: false, batches: [32, 8] },
    { given: 40, kind: true, batches: [32, 32, 16] },
    { given: 4, kind: 'five-crops', batches: [32, 16] },
  ] as const)('batches $given images in the views of $kind', async ({ given, kind, batches }) => {
    const seen: number[] = [];
    const views = viewsOf(kind);
    await forwardRows(images(given), { width: 2, views }, (batch) => {
      seen.push(batch.indices.length);
      return describeBatch(batch);
    });
    expect(seen).toEqual(batches);
    expect(batchCountOf(given, views.length)).toBe(batches.length);
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
      { width: 2, views: viewsOf(true), onBatch: (index, count) => events.push(`batch ${index} of ${count}`) },
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
