import type { View } from '@chorus/models';
import { forwardRows } from './forward-rows.ts';
import type { ImageFunction } from './image-function.ts';
import type { ImageReader } from './image-reader.ts';
import type { StopFlag } from './stop-flag.ts';

/**
 * Predicts the logits of images, or their logits and features.
 *
 * @param logits prepared for the output `logits` or `logits-and-features`.
 * @param options `width`: numbers per image; those of its views are averaged.
 * @returns [images, width], in the order of the indices.
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function predictImages(
  logits: ImageFunction,
  images: ImageReader,
  indices: Uint32Array,
  options: { width: number; views: readonly View[]; stop: StopFlag },
): Promise<Float32Array> {
  const rows = await forwardRows(indices, options, (batch) => logits.rows(images, batch));
  return meanOfViews(rows, { width: options.width, viewsPerImage: options.views.length });
}

/**
 * Averages the rows of each image's views: [images × viewsPerImage, width] → [images, width].
 *
 * @param options `positions`: the views to average; by default all.
 */
export function meanOfViews(
  rows: Float32Array,
  {
    width,
    viewsPerImage,
    positions = [...Array(viewsPerImage).keys()],
  }: { width: number; viewsPerImage: number; positions?: readonly number[] },
): Float32Array {
  if (viewsPerImage === 1) return rows;
  return Float32Array.from({ length: rows.length / viewsPerImage }, (_, index) => {
    const first = Math.floor(index / width) * viewsPerImage * width + (index % width);
    return positions.reduce((sum, view) => sum + rows[first + view * width]!, 0) / positions.length;
  });
}
