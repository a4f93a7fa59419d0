import { PixelStore, type PixelStoreHandle } from '@chorus/data';
import type { ComputeSettings } from './prepared-function.ts';

/** Settings of a lane with either engine, op by op on one thread. */
export const computeIn = {
  tensorflow: { compile: false, bfloat16: false, forward: { engine: 'tensorflow' } },
  onnxruntime: { compile: false, bfloat16: false, forward: { engine: 'onnxruntime', threads: 1, spin: false } },
} as const satisfies Record<string, ComputeSettings>;

/**
 * Publishes every image of a store.
 *
 * @param valueAt 0 … 255 at an index of an image [size, size, 3].
 */
export function publishImages(
  handle: PixelStoreHandle,
  valueAt: (image: number, index: number) => number = (image, index) => (index * (image + 3)) % 256,
): void {
  const store = new PixelStore(handle);
  for (let image = 0; image < handle.count; image += 1)
    store.publish(
      image,
      Uint8Array.from({ length: handle.size ** 2 * 3 }, (_, index) => valueAt(image, index)),
    );
}
