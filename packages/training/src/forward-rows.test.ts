import type { ImageBatch } from '@chorus/data';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { StoppedError } from './errors.ts';
import { forwardBatchSize, forwardRows } from './forward-rows.ts';
import { StopFlag } from './stop-flag.ts';

beforeAll(() => tf.enableProdMode());

const width = 3;

/** Rows that show their image and whether it is mirrored; padding is -1. */
function traceable({ indices, flips }: ImageBatch, rowCount: number): tf.Tensor2D {
  const rows = Array.from({ length: rowCount }, (_, row) =>
    row < indices.length ? [indices[row]!, flips[row]!, 7] : [-1, -1, -1],
  );
  return tf.tensor2d(rows, [rowCount, width]);
}

it('returns a row for every image and view, in the order of the images, and leaves no tensor', async () => {
  const order = fc.uniqueArray(fc.nat(1000), { maxLength: 70 });
  await fc.assert(
    fc.asyncProperty(order, fc.constantFrom(1 as const, 2 as const), async (images, viewsPerImage) => {
      const tensorCount = tf.memory().numTensors;
      const rows = await forwardRows(Uint32Array.from(images), { width, viewsPerImage }, traceable);
      const expected = images.flatMap((image) =>
        Array.from({ length: viewsPerImage }, (_, view) => [image, view, 7]).flat(),
      );
      expect([...rows]).toEqual(expected);
      expect(tf.memory().numTensors).toBe(tensorCount);
    }),
    { numRuns: 30 },
  );
});

it.each([
  ['one call on few images: their number', 5, undefined, [5]],
  ['one call on many: full batches, the last one padded', forwardBatchSize + 1, undefined, [32, 32]],
  ['several calls: the batch of all images together', 5, 1000, [32]],
])('asks for batches of one shape: %s', async (_, imageCount, all, expected) => {
  const asked: number[] = [];
  const indices = Uint32Array.from({ length: imageCount }, (_, index) => index);
  await forwardRows(indices, { width, ...(all === undefined ? {} : { imageCount: all }) }, (batch, rowCount) => {
    asked.push(rowCount);
    return traceable(batch, rowCount);
  });
  expect(asked).toEqual(expected);
});

it('writes into memory that it is given', async () => {
  const rows = new Float32Array(new SharedArrayBuffer(2 * width * Float32Array.BYTES_PER_ELEMENT));
  expect(await forwardRows(Uint32Array.of(4, 2), { width, rows }, traceable)).toBe(rows);
  expect([...rows]).toEqual([4, 0, 7, 2, 0, 7]);
});

it('reports each batch, and stops before the next one', async () => {
  const stop = new StopFlag();
  const done: [number, number][] = [];
  const onBatch = (index: number, count: number) => {
    done.push([index, count]);
    if (index === 1) stop.raise();
  };
  const indices = Uint32Array.from({ length: 100 }, (_, index) => index);
  await expect(forwardRows(indices, { width, stop, onBatch }, traceable)).rejects.toThrow(StoppedError);
  expect(done).toEqual([
    [0, 4],
    [1, 4],
  ]);
});
