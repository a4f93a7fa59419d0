import { CopyReader } from './copy-reader.ts';
import { forwardRows, type ViewsPerImage } from './forward-rows.ts';
import type { ImageFunction } from './image-function.ts';
import type { ImageReader } from './image-reader.ts';
import type { ImageRange, SharedFeatures } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';

/** Number of rows of images, their mirror images and their copies. */
export function rowCountOf(
  imageCount: number,
  rowsPerImage: ViewsPerImage,
  copies: { count: number } | undefined,
): number {
  return imageCount * (rowsPerImage + (copies?.count ?? 0));
}

/**
 * Runs frozen layers over images, their mirror images and their copies.
 *
 * @param layout the images that `rows` has room for, in the order of {@link SharedFeatures}.
 * @param options `range`: the images to compute rows for; by default all.
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function frontRows(
  front: ImageFunction,
  images: ImageReader,
  { indices, rowsPerImage, cachedCopies }: Omit<SharedFeatures, 'rows'>,
  {
    rows,
    width,
    stop,
    range: { start, end } = { start: 0, end: indices.length },
  }: { rows: Float32Array; width: number; stop: StopFlag; range?: ImageRange },
): Promise<void> {
  const part = indices.subarray(start, end);
  const options = (viewsPerImage: ViewsPerImage, firstRow: number) => ({
    ...{ width, viewsPerImage, stop },
    rows: rows.subarray(firstRow * width, (firstRow + part.length * viewsPerImage) * width),
  });
  await forwardRows(part, options(rowsPerImage, start * rowsPerImage), (batch) => front.rows(images, batch));
  if (cachedCopies === undefined) return;
  for (let copy = 1; copy <= cachedCopies.count; copy += 1) {
    const reader = new CopyReader(images, cachedCopies, copy);
    const firstRow = indices.length * (rowsPerImage + copy - 1) + start;
    await forwardRows(part, options(1, firstRow), (batch) => front.rows(reader, batch));
  }
}
