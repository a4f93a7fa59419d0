import { type VariantChoice, variantOf } from '@chorus/models';

/**
 * Size in bytes of the pooled features of images, of their mirror images and of their copies.
 *
 * @param rowsPerImage 1, and 1 more for the mirror image and for each copy.
 */
export function featureBytes(backbone: VariantChoice, imageCount: number, rowsPerImage: number): number {
  return imageCount * rowsPerImage * variantOf(backbone).featureWidth * Float32Array.BYTES_PER_ELEMENT;
}
