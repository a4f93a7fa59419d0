import type { RgbImage } from './rgb-image.ts';

/**
 * Resizes as `cv2.resize(image, (size, size))` does (INTER_LINEAR): interpolates between the two nearest pixels in each
 * direction, with aligned pixel centers and replicated edges, without antialiasing.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3]; OpenCV rounds to 11 bits, so a few values may be off by one.
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
  /** Weight of the second pixel, 0 … 1. */
  share: number;
}

function taps(length: number, size: number): Taps[] {
  return Array.from({ length: size }, (_, position) => {
    const center = Math.min(Math.max((position + 0.5) * (length / size) - 0.5, 0), length - 1);
    const first = Math.floor(center);
    return { first, second: Math.min(first + 1, length - 1), share: center - first };
  });
}
