/** Whether a file ends before its own headers say: what most damaged files have in common. */
import type { ImageFormat } from './decode-format.ts';
import { tiffLength } from './tiff-strips.ts';

/**
 * Explains why a decoder refuses a file, if the file was cut.
 *
 * @returns where it ends; null if its headers name no more bytes than there are, or do not say.
 */
export function findCut(format: ImageFormat, bytes: Uint8Array): string | null {
  const needed = lengthBy[format]?.(bytes) ?? 0;
  return needed > bytes.length ? `it ends after ${bytes.length} of at least ${needed} bytes` : null;
}

// --- internal ---

/** How long a file must be, by what it says of the sizes of its parts. */
const lengthBy: Partial<Record<ImageFormat, (bytes: Uint8Array) => number>> = {
  png: (bytes) => {
    const view = viewOf(bytes);
    let at = 8;
    // Of each chunk: length, type, data and checksum.
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
      // 0 stands for the rest of the file; what is less than 8 otherwise is no box.
      if (size < 8) return at;
      at += size;
    }
    return at;
  },
  tiff: tiffLength,
};

/** "IEND", the last chunk. */
const iend = 0x49454e44;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
