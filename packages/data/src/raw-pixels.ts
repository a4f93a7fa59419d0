/** Pixels that were decoded elsewhere. */
import sharp from 'sharp';
import type { DecodeOptions } from './decode.ts';
import { resizeToSquare } from './decode-resize.ts';

/** Pixels in rows from the top, 8 bits per channel, sRGB: RGB, or RGB and opacity, as in a browser's `ImageData`. */
export interface RawPixels {
  /** [height, width, 3 or 4] */
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/**
 * Resizes pixels to squares, as `decodeImage` does those that it decodes.
 *
 * @param sizes sides of the squares, pixels.
 * @returns one [size, size, 3] per size, RGB 0 … 255.
 * @throws Error when the data does not fit the size, or there are more than `maxPixels` pixels.
 */
export async function resizePixels(
  { data, width, height }: RawPixels,
  sizes: readonly number[],
  { background, resize, maxPixels }: Pick<DecodeOptions, 'background' | 'resize' | 'maxPixels'>,
): Promise<Uint8Array[]> {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1 || width * height > maxPixels)
    throw new Error(`Expected pixels of an image of at most ${maxPixels} pixels, received ${width} × ${height}.`);
  const channels = data.length / (width * height);
  if (channels !== 3 && channels !== 4)
    throw new Error(
      `Expected 3 or 4 bytes for each of ${width} × ${height} pixels, received ${data.length} bytes in all.`,
    );
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const rgb =
    channels === 3
      ? bytes
      : await sharp(bytes, { raw: { width, height, channels }, limitInputPixels: false })
          .flatten({ background })
          .raw()
          .toBuffer();
  return Promise.all(sizes.map((size) => resizeToSquare({ data: rgb, width, height }, size, resize)));
}
