import { forwardRows, type ViewsPerImage } from './forward-rows.ts';
import type { ImageFunction } from './image-function.ts';
import type { ImageReader } from './image-reader.ts';
import type { StopFlag } from './stop-flag.ts';

/**
 * Predicts the logits of images, or their logits and features.
 *
 * @param logits prepared for the output `logits` or `logits-and-features`.
 * @param options `width`: numbers per image; with 2 views, the numbers of each image and its mirror image are averaged.
 * @returns [images, width], in the order of the indices.
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function predictImages(
  logits: ImageFunction,
  images: ImageReader,
  indices: Uint32Array,
  options: { width: number; viewsPerImage: ViewsPerImage; stop: StopFlag },
): Promise<Float32Array> {
  return meanOfViews(await forwardRows(indices, options, (batch) => logits.rows(images, batch)), options);
}

/** Averages the rows of each image and its mirror image: [images × viewsPerImage, width] → [images, width]. */
export function meanOfViews(
  rows: Float32Array,
  { width, viewsPerImage }: { width: number; viewsPerImage: ViewsPerImage },
): Float32Array {
  if (viewsPerImage === 1) return rows;
  return Float32Array.from({ length: rows.length / 2 }, (_, index) => {
    const first = Math.floor(index / width) * 2 * width + (index % width);
    return (rows[first]! + rows[first + width]!) / 2;
  });
}
