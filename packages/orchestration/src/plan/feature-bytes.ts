import { type VariantChoice, variantOf } from '@chorus/models';
import type { ViewsPerImage } from '@chorus/training';

/** Size in bytes of the pooled features of images and, with two rows each, of their mirror images. */
export function featureBytes(backbone: VariantChoice, imageCount: number, rowsPerImage: ViewsPerImage): number {
  return imageCount * rowsPerImage * variantOf(backbone).featureWidth * Float32Array.BYTES_PER_ELEMENT;
}
