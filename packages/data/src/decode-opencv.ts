import type { RgbImage } from './decode-pixels.ts';

/**
 * What `cv2.resize(image, (size, size))` gives (INTER_LINEAR): each pixel from the two nearest in either direction,
 * measured between pixel centers, the edge repeated; no antialiasing.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3]; OpenCV rounds at 11 bit, so one value in a few may be one off.
 */
export function resizeLikeOpenCv({ data, width, height }: RgbImage, size: number): Uint8Array {
  const columns = taps(width, size);
  const rows = taps(height, size);
  const result = new Uint8Array(size * size * 3);
  let to = 0;
  for (const row of rows)
    for (const column of columns)
      for (let channel = 0; channel < 3; channel += 1) {
        const at = (y: number, x: number) => data[(y * width + x) * 3 + channel]!;
        const upper = at(row.first, column.first) * (1 - column.share) + at(row.first, column.second) * column.share;
        const lower = at(row.second, column.first) * (1 - column.share) + at(row.second, column.second) * column.share;
        result[to] = Math.round(upper * (1 - row.share) + lower * row.share);
        to += 1;
      }
  return result;
}

// --- internal ---

interface Taps {
  first: number;
  second: number;
  /** Of the second, 0 … 1. */
  share: number;
}

function taps(length: number, size: number): Taps[] {
  return Array.from({ length: size }, (_, position) => {
    const center = Math.min(Math.max((position + 0.5) * (length / size) - 0.5, 0), length - 1);
    const first = Math.floor(center);
    return { first, second: Math.min(first + 1, length - 1), share: center - first };
  });
}
