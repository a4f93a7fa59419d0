/**
 * Images from a seed, the same as contestants/images.py draws: what they show has no part in what a step costs.
 *
 * @returns [count, size, size, 3]: the top bytes of MurmurHash3's finaliser over seed and index.
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
