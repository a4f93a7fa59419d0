import { afterEach, describe, expect, it } from 'vitest';
import { resizeLikePillow } from './decode-pillow.ts';
import { largePixelCount, ResizeThreads } from './resize-threads.ts';

const pixels = Uint8Array.from({ length: largePixelCount * 3 }, (_, index) => (index * index) % 251);
/** 1 pixel high: large, and quickly resized. */
const large = () => ({ data: pixels.slice(), width: largePixelCount, height: 1 });
const small = () => ({ data: pixels.slice(3), width: largePixelCount - 1, height: 1 });

const opened: ResizeThreads[] = [];
function open(maxThreads: number): ResizeThreads {
  const threads = new ResizeThreads(maxThreads);
  opened.push(threads);
  return threads;
}
afterEach(() => Promise.all(opened.splice(0).map((threads) => threads.close())));

describe('ResizeThreads', () => {
  it('gives in a thread what the main thread gives, for every size', async () => {
    const threads = open(1);
    const squares = await threads.resize(large(), [8, 3, 8], 'pillow');
    expect(threads.threadCount).toBe(1);
    expect(squares).toEqual([8, 3, 8].map((size) => resizeLikePillow(large(), size)));
  });

  it('gives an image that has the right size as it is, also twice', async () => {
    const side = Math.sqrt(largePixelCount);
    const image = { ...large(), width: side, height: side };
    const squares = await open(1).resize(image, [side, side], 'pillow');
    expect(squares.map((square) => Buffer.compare(square, pixels))).toEqual([0, 0]);
  });

  it('starts a thread for each image at a time, and no more than it may', async () => {
    const threads = open(2);
    await Promise.all([large(), large(), large(), large()].map((image) => threads.resize(image, [4], 'pillow')));
    expect(threads.threadCount).toBe(2);
  });

  it.each([
    ['a small image', small, 'pillow'],
    ["sharp's own filter", large, 'antialiased'],
    ["OpenCV's filter", large, 'opencv'],
  ] as const)('starts none for %s', async (_, image, method) => {
    const threads = open(2);
    expect(await threads.resize(image(), [4, 6], method)).toHaveLength(2);
    expect(threads.threadCount).toBe(0);
  });

  it('has no thread any more when it is closed, whatever these were at, and starts no other', async () => {
    const threads = open(2);
    await threads.resize(large(), [4], 'pillow');
    const waiting = [large(), large(), large()].map((image) => threads.resize(image, [4], 'pillow'));
    const ended = Promise.allSettled(waiting);
    await threads.close();
    expect(threads.threadCount).toBe(0);
    for (const { status } of await ended) expect(status).toBe('rejected');
    await expect(threads.resize(large(), [4], 'pillow')).rejects.toThrow('after all others had ended');
    expect(threads.threadCount).toBe(0);
  });
});
