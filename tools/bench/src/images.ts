import { createPixelStore, PixelStore, type PixelStoreHandle } from '@chorus/data';

/**
 * Draws seeded images, identical to those of contestants/images.py; their content does not affect the cost of a step.
 *
 * @returns [count, size, size, 3]: the top bytes of MurmurHash3's finalizer over seed and index.
 */
export function randomImages(seed: number, count: number, size: number): Uint8Array {
  const key = Math.imul(seed + 1, 0x9e3779b1);
  return Uint8Array.from({ length: count * size * size * 3 }, (_, index) => {
    let h = index ^ key;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 24;
  });
}

/** Returns a store of {@link randomImages} in which all images are ready. */
export function randomStore(seed: number, count: number, size: number): PixelStoreHandle {
  const pixels = randomImages(seed, count, size);
  const handle = createPixelStore(count, size);
  const store = new PixelStore(handle);
  const length = size ** 2 * 3;
  for (let index = 0; index < count; index += 1)
    store.publish(index, pixels.subarray(index * length, (index + 1) * length));
  return handle;
}
