import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createPixelStore, PixelStore } from './pixel-store.ts';

describe('a pixel store', () => {
  it('shares a published image with another thread without copying', async () => {
    const handle = createPixelStore(3, 4);
    const worker = new Worker(new URL('./pixel-reader.fixture.mjs', import.meta.url), { workerData: handle });
    const [waiting] = await once(worker, 'message');
    expect(waiting).toBe('waiting');
    new PixelStore(handle).publish(1, new Uint8Array(4 * 4 * 3).fill(2));
    Atomics.notify(new Int32Array(handle.ready), 1);
    const [answer] = await once(worker, 'message');
    expect(answer).toEqual({ sum: 2 * 4 * 4 * 3, shared: true });
    await worker.terminate();
  });

  it('consists of segments of at most 1 GiB, and no image spans two', () => {
    // 1,100 images of 1,024 × 1,024 pixels: 3 MiB each.
    const handle = createPixelStore(1100, 1024);
    expect(handle.segments.map((segment) => segment.byteLength)).toEqual(
      [341, 341, 341, 77].map((count) => count * 1024 * 1024 * 3),
    );
    const store = new PixelStore(handle);
    const pixels = new Uint8Array(1024 * 1024 * 3).fill(7);
    for (const index of [0, 340, 341, 1099]) {
      store.publish(index, pixels);
      expect(store.pixels(index)).toHaveLength(pixels.length);
      expect(store.pixels(index)[0]).toBe(7);
    }
    expect(store.isReady(342)).toBe(false);
  });

  it('rejects pixels of another size', () => {
    expect(() => new PixelStore(createPixelStore(1, 4)).publish(0, new Uint8Array(3))).toThrow(
      'expected 48 bytes of pixels, received 3',
    );
  });
});
