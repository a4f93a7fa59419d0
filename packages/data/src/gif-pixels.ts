/** Counts the pixels of a GIF's first frame: libvips leaves missing pixels black and reports nothing. */
import { setImmediate } from 'node:timers/promises';

/**
 * Counts the pixels in LZW data (GIF89a, appendix F) without decoding them. Yields to the event loop regularly.
 *
 * @param start offset of the data, which begins with the code size.
 * @param wanted the count at which to stop.
 * @returns the pixels before the data ends or a code is invalid; may exceed `wanted` by a few.
 */
export async function countGifPixels(bytes: Uint8Array, start: number, wanted: number): Promise<number> {
  const codeSize = bytes[start] ?? 0;
  if (codeSize < 1 || codeSize > 11) return 0;
  const clear = 1 << codeSize;
  const lengths = new Uint32Array(maxCodes).fill(1, 0, clear);
  let [next, width, previous] = [clear + 2, codeSize + 1, -1];
  let [pending, pendingBits, count] = [0, 0, 0];
  let block = 0;
  for (let at = start + 1; bytes[at] !== undefined && bytes[at] !== 0; at += 1 + bytes[at]!) {
    block += 1;
    if (block % sliceBlocks === 0) await setImmediate();
    const end = Math.min(at + 1 + bytes[at]!, bytes.length);
    for (let index = at + 1; index < end; index += 1) {
      pending |= bytes[index]! << pendingBits;
      pendingBits += 8;
      while (pendingBits >= width) {
        const code = pending & ((1 << width) - 1);
        pending >>>= width;
        pendingBits -= width;
        if (code === clear) {
          [next, width, previous] = [clear + 2, codeSize + 1, -1];
          continue;
        }
        // The end code, an undefined code, or no previous code to repeat.
        if (code === clear + 1 || code > next || (previous === -1 && code >= clear)) return count;
        if (previous !== -1 && next < maxCodes) {
          lengths[next] = lengths[previous]! + 1;
          next += 1;
          if (next === 1 << width && width < 12) width += 1;
        }
        count += lengths[code]!;
        if (count >= wanted) return count;
        previous = code;
      }
    }
  }
  return count;
}

// --- internal ---

/** At most 1 MB, about 20 ms. */
const sliceBlocks = 4096;

/** The number of 12-bit codes. */
const maxCodes = 4096;
