/**
 * Guards against files on which libhdf5 2.0 loops forever: it walks a global heap (which holds strings of variable length, such
 * as the layer names in `.weights.h5` files) by the sizes of its objects, and does not advance past a size of 0. One damaged
 * byte is enough.
 *
 * HDF5 File Format Specification, III.E: "GCOL", version 1, 3 reserved bytes, size; then objects of index (2 bytes), 2 and
 * 4 bytes, size, and content up to a multiple of 8 bytes. Object 0 is free space, its size that of all of it.
 */
import { ModelError } from '../errors.ts';

/**
 * Checks all global heaps of a file.
 *
 * @returns size of the longest object in any heap, in bytes.
 * @throws ModelError for a heap without an end, and for a file whose sizes are not 8 bytes long.
 */
export function checkGlobalHeaps({ name, bytes }: { name: string; bytes: Uint8Array }): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSizesOfSizes(name, view);
  let heapBytes = 0;
  let longest = 0;
  for (let at = bytes.indexOf(letterG); at !== -1; at = bytes.indexOf(letterG, at + 1)) {
    const size = heapSize(view, at);
    if (size === undefined) continue;
    heapBytes += size;
    // Heaps that total more bytes than the file has overlap.
    const longestHere = heapBytes > bytes.length ? undefined : longestObject(view, at, at + size);
    if (longestHere === undefined || sizeAt(view, at + 8) !== size)
      throw new ModelError(`${name}: expected a valid HDF5 file, received a damaged global heap at byte ${at}.`);
    longest = Math.max(longest, longestHere);
  }
  return longest;
}

// --- internal ---

const letterG = 0x47;
const headerBytes = 16;
const minimumHeapBytes = 4096;

function checkSizesOfSizes(name: string, view: DataView): void {
  // After the signature: the version of the superblock, which determines where both sizes are.
  const place = view.byteLength > headerBytes && view.getUint8(8) < 2 ? 13 : 9;
  const isHdf5 = view.byteLength > headerBytes && view.getUint32(0) === 0x89484446 && view.getUint32(4) === 0x0d0a1a0a;
  if (!isHdf5) throw new ModelError(`${name}: expected an HDF5 file, received a different or truncated file.`);
  if (view.getUint8(place) !== 8 || view.getUint8(place + 1) !== 8)
    throw new ModelError(
      `${name}: expected addresses and sizes of 8 bytes, received ${view.getUint8(place)} and ${view.getUint8(place + 1)}.`,
    );
}

/** Size of the heap that starts there, if any: 32-bit WebAssembly reads only the lower half. */
function heapSize(view: DataView, at: number): number | undefined {
  if (at + headerBytes > view.byteLength || view.getUint32(at) !== 0x47434f4c || view.getUint8(at + 4) !== 1)
    return undefined;
  const size = view.getUint32(at + 8, true);
  return size >= minimumHeapBytes && at + size <= view.byteLength ? size : undefined;
}

/** Size in bytes of a heap's longest object; undefined if the objects do not end where the heap does. */
function longestObject(view: DataView, start: number, end: number): number | undefined {
  let longest = 0;
  let at = start + headerBytes;
  // A remainder too small for an object's header is free space.
  while (at + headerBytes <= end) {
    const size = sizeAt(view, at + 8);
    const isFree = view.getUint16(at, true) === 0;
    const step = isFree ? size : headerBytes + Math.ceil(size / 8) * 8;
    if (step < headerBytes || at + step > end) return undefined;
    if (!isFree) longest = Math.max(longest, size);
    at += step;
  }
  return longest;
}

function sizeAt(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
