/**
 * Perceptual hash of a decoded image: the signs of the 64 lowest frequencies of its brightness.
 *
 * Re-encoding and resizing change high frequencies but hardly the low ones, so few signs flip; two unrelated photographs
 * differ in about 32 of 64.
 */
import { resizeLikePillow } from './decode-pillow.ts';

/** A small square copy of an image, for hashing and comparing it. */
export interface Thumbnail {
  /** 64, or 32 if the image itself is smaller than 64 × 64. */
  size: number;
  /** [size, size, 3], RGB 0 … 255. */
  pixels: Uint8Array;
}

/** 64 bits, in four chunks of 16; each chunk has low and high frequencies. */
export type PictureHash = Uint16Array;

/** Chunks of 16 bits in a {@link PictureHash}. */
export const chunkCount = 4;

/** @param pixels [size, size, 3], RGB 0 … 255. */
export function thumbnailOf(pixels: Uint8Array, size: number): Thumbnail {
  const small = size < 64 ? 32 : 64;
  const data = resizeLikePillow({ data: pixels, width: size, height: size }, small);
  return { size: small, pixels: data };
}

/**
 * @returns `isFlat`: the brightness hardly varies, so the signs are noise.
 */
export function hashOf({ size, pixels }: Thumbnail): { hash: PictureHash; isFlat: boolean } {
  brightnessOf(pixels, size);
  // [frequency of the columns, row]
  for (let u = 0; u < frequencies; u += 1)
    for (let y = 0; y < side; y += 1) {
      let sum = 0;
      for (let x = 0; x < side; x += 1) sum += cosines[u * side + x]! * brightness[y * side + x]!;
      partial[u * side + y] = sum;
    }
  const hash = new Uint16Array(chunkCount);
  let energy = 0;
  for (const [bit, { u, v }] of lowest.entries()) {
    let sum = 0;
    for (let y = 0; y < side; y += 1) sum += cosines[v * side + y]! * partial[u * side + y]!;
    energy += sum * sum;
    if (sum > 0) hash[bit % chunkCount]! |= 1 << Math.floor(bit / chunkCount);
  }
  return { hash, isFlat: Math.sqrt(energy) / side < flatDeviation };
}

/** Bits in which two hashes differ, 0 … 64. */
export function hammingDistance(a: PictureHash, b: PictureHash): number {
  let distance = 0;
  for (let chunk = 0; chunk < chunkCount; chunk += 1) distance += bitsOf[a[chunk]! ^ b[chunk]!]!;
  return distance;
}

// --- internal ---

/** Number of set bits of every 16-bit number. */
const bitsOf = Uint8Array.from({ length: 2 ** 16 }, (_, value) => {
  let count = 0;
  for (let rest = value; rest > 0; rest &= rest - 1) count += 1;
  return count;
});

/** Side of the brightness image that is transformed. */
const side = 32;

/** An image is flat below this standard deviation of the low frequencies, in levels of 255. */
const flatDeviation = 1.5;

/** Frequencies (cycles over two image sides) without the mean, lowest first. */
const lowest = Array.from({ length: 11 * 11 }, (_, index) => ({ u: index % 11, v: Math.floor(index / 11) }))
  .filter(({ u, v }) => u + v > 0)
  .toSorted((a, b) => a.u + a.v - (b.u + b.v) || a.u - b.u)
  .slice(0, 16 * chunkCount);
const frequencies = 11;

/** Orthonormal DCT-II: [frequency, position]. */
const cosines = Float64Array.from({ length: frequencies * side }, (_, index) => {
  const [u, x] = [Math.floor(index / side), index % side];
  return Math.sqrt((u === 0 ? 1 : 2) / side) * Math.cos((Math.PI * (2 * x + 1) * u) / (2 * side));
});

const brightness = new Float64Array(side * side);
const partial = new Float64Array(frequencies * side);

/** Writes the means of blocks, [32, 32], 0 … 255, into `brightness`. */
function brightnessOf(pixels: Uint8Array, size: number): void {
  const block = size / side;
  brightness.fill(0);
  for (let y = 0; y < size; y += 1)
    for (let x = 0; x < size; x += 1) {
      const at = (y * size + x) * 3;
      const value = 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
      brightness[Math.floor(y / block) * side + Math.floor(x / block)]! += value / block ** 2;
    }
}
