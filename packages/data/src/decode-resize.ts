import sharp from 'sharp';
import { resizeLikeOpenCv } from './decode-opencv.ts';
import { resizeLikePillow } from './decode-pillow.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * How an image is resized to a square.
 *
 * `pillow` is Pillow's BILINEAR, bit for bit: a triangle filter whose support scales with the reduction. `antialiased` is
 * libvips' linear kernel, the same filter with slightly different values, for older bundles. `opencv` is cv2.resize's
 * default, which interpolates four pixels at any reduction, for models trained with it.
 */
export const resizeMethods = ['antialiased', 'pillow', 'opencv'] as const;
export type ResizeMethod = (typeof resizeMethods)[number];

/**
 * Resizes the whole image to a square, without keeping its aspect ratio.
 *
 * @param size side of the result, pixels.
 * @returns [size, size, 3], RGB 0 … 255.
 */
export async function resizeToSquare(image: RgbImage, size: number, method: ResizeMethod): Promise<Uint8Array> {
  if (method === 'opencv') return resizeLikeOpenCv(image, size);
  if (method === 'pillow') return resizeLikePillow(image, size);
  const { data, width, height } = image;
  // For large reductions libvips would first average whole blocks.
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(size, size, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
}
