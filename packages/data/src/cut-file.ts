/** Detects truncated files: files shorter than their own headers declare. */
import type { ImageFormat } from './decode-format.ts';
import { tiffLength } from './tiff-strips.ts';

/**
 * Explains why a decoder rejects a truncated file.
 *
 * @returns where the file ends; null if it has all the bytes that its headers declare, or they declare no length.
 */
export function findCut(format: ImageFormat, bytes: Uint8Array): string | null {
  const needed = lengthBy[format]?.(bytes) ?? 0;
  return needed > bytes.length ? `it ends after ${bytes.length} of at least ${needed} bytes` : null;
}

// --- internal ---

/** The minimum length of a file, from the sizes in its headers. */
const lengthBy: Partial<Record<ImageFormat, (bytes: Uint8Array) => number>> = {
  png: (bytes) => {
    const view = viewOf(bytes);
    let at = 8;
    // Each chunk has a length, a type, data and a checksum.
    while (at + 12 <= bytes.length) {
      const isEnd = view.getUint32(at + 4) === iend;
      at += 12 + view.getUint32(at);
      if (isEnd) return at;
    }
    return at + 12;
  },
  webp: (bytes) => (bytes.length < 8 ? 0 : 8 + viewOf(bytes).getUint32(4, true)),
  heif: (bytes) => {
    const view = viewOf(bytes);
    let at = 0;
    while (at + 16 <= bytes.length) {
      const short = view.getUint32(at);
      const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short;
      // Size 0 extends to the end of the file; other sizes below 8 are invalid.
      if (size < 8) return at;
      at += size;
    }
    return at;
  },
  tiff: tiffLength,
};

/** "IEND", the type of the last chunk. */
const iend = 0x49454e44;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
