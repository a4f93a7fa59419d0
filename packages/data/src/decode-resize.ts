import sharp from 'sharp';
import { resizeLikeOpenCv } from './decode-opencv.ts';
import { resizeLikePillow } from './decode-pillow.ts';
import type { RgbImage } from './decode-pixels.ts';

/**
 * How an image becomes a square.
 *
 * `pillow` is Pillow's BILINEAR, bit for bit: a triangle filter that widens with the reduction. `antialiased` is
 * libvips' linear kernel: the same filter, but not the same numbers: what older bundles ask for. `opencv` is
 * cv2.resize's default, which looks at four pixels whatever the reduction: for what was trained that way.
 */
export const resizeMethods = ['antialiased', 'pillow', 'opencv'] as const;
export type ResizeMethod = (typeof resizeMethods)[number];

/**
 * Resizes the whole image, whatever its shape, to a square.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3], RGB 0 … 255.
 */
export async function resizeToSquare(image: RgbImage, size: number, method: ResizeMethod): Promise<Uint8Array> {
  if (method === 'opencv') return resizeLikeOpenCv(image, size);
  if (method === 'pillow') return resizeLikePillow(image, size);
  const { data, width, height } = image;
  // Before libvips reduces by much, it averages whole blocks.
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(size, size, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
}
