import { setImmediate } from 'node:timers';
import type { ImageBatch } from '@chorus/data';
import { initRuntime } from '@chorus/runtime';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { StoppedError } from './errors.ts';
import { forwardBatchSize, forwardRows } from './forward-rows.ts';
import { StopFlag } from './stop-flag.ts';

beforeAll(() => {
  initRuntime({ device: 'cpu:0', intraOpThreads: 1 });
});

/** The first `count` images in reverse order. */
const images = (count: number) => Uint32Array.from({ length: count }, (_, index) => count - 1 - index);

/** [rowCount, 2]: each image's index and whether it is flipped; padding rows are -1. */
function describeBatch({ indices, flips }: ImageBatch, rowCount: number): tf.Tensor {
  const padding = tf.fill([rowCount - indices.length, 2], -1);
  const rows = tf.stack([tf.tensor1d(Float32Array.from(indices)), tf.tensor1d(Float32Array.from(flips))], 1);
  return tf.concat([rows, padding]);
}

describe('forwardRows', () => {
  it('returns the rows of every image once, in the given order, each mirror image after its image', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(1000), { maxLength: 3 * forwardBatchSize }),
        fc.constantFrom(1 as const, 2 as const),
        async (indices, viewsPerImage) => {
          const before = tf.memory().numTensors;
          const rows = await forwardRows(Uint32Array.from(indices), { width: 2, viewsPerImage }, describeBatch);
          const expected = indices.flatMap((index) => [index, 0, ...(viewsPerImage === 2 ? [index, 1] : [])]);
          expect([...rows]).toEqual(expected);
          expect(tf.memory().numTensors).toBe(before);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    { imageCount: undefined, given: 5, batches: [[5, 5]] },
    { imageCount: 20, given: 5, batches: [[5, 20]] },
    { imageCount: 100, given: 5, batches: [[5, 32]] },
    {
      imageCount: undefined,
      given: 40,
      batches: [
        [32, 32],
        [8, 32],
      ],
    },
  ])('pads batches to one shape: $given of $imageCount images', async ({ imageCount, given, batches }) => {
    const seen: number[][] = [];
    const options = { width: 2, ...(imageCount === undefined ? {} : { imageCount }) };
    const rows = await forwardRows(images(given), options, (batch, rowCount) => {
      seen.push([batch.indices.length, rowCount]);
      return describeBatch(batch, rowCount);
    });
    expect(seen).toEqual(batches);
    expect(rows).toHaveLength(2 * given);
    expect(rows).not.toContain(-1);
  });

  it('writes into the given memory', async () => {
    const memory = new SharedArrayBuffer(3 * 2 * Float32Array.BYTES_PER_ELEMENT);
    const rows = await forwardRows(images(3), { width: 2, rows: new Float32Array(memory) }, describeBatch);
    expect(rows.buffer).toBe(memory);
    expect([...new Float32Array(memory)]).toEqual([2, 0, 1, 0, 0, 0]);
  });

  it('reports each batch after its last view, and handles messages between passes', async () => {
    const events: string[] = [];
    await forwardRows(
      images(40),
      { width: 2, viewsPerImage: 2, onBatch: (index, count) => events.push(`batch ${index} of ${count}`) },
      (batch, rowCount) => {
        events.push(`view ${batch.flips[0]}`);
        setImmediate(() => events.push('message'));
        return describeBatch(batch, rowCount);
      },
    );
    const pass = ['view 0', 'message', 'view 1', 'message'];
    expect(events).toEqual([...pass, 'batch 0 of 2', ...pass, 'batch 1 of 2']);
  });

  it('stops before the next pass, and keeps no tensor', async () => {
    const before = tf.memory().numTensors;
    const stop = new StopFlag();
    let passCount = 0;
    const run = forwardRows(images(40), { width: 2, stop }, (batch, rowCount) => {
      passCount += 1;
      stop.raise();
      return describeBatch(batch, rowCount);
    });
    await expect(run).rejects.toThrow(StoppedError);
    expect(passCount).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps no tensor of a function that throws', async () => {
    const before = tf.memory().numTensors;
    const run = forwardRows(images(3), { width: 2 }, (batch, rowCount) => {
      describeBatch(batch, rowCount);
      throw new RangeError('of the function');
    });
    await expect(run).rejects.toThrow('of the function');
    expect(tf.memory().numTensors).toBe(before);
  });
});
