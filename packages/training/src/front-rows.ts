import { type View, whole } from '@chorus/models';
import { CopyReader } from './copy-reader.ts';
import { forwardRows } from './forward-rows.ts';
import type { ImageFunction } from './image-function.ts';
import type { ImageReader } from './image-reader.ts';
import type { ImageRange, SharedFeatures } from './protocol.ts';
import type { StopFlag } from './stop-flag.ts';
import { viewsInRows } from './views.ts';

/** Number of rows of images, their other views and their copies. */
export function rowCountOf(imageCount: number, rowsPerImage: number, copies: { count: number } | undefined): number {
  return imageCount * (rowsPerImage + (copies?.count ?? 0));
}

/**
 * Runs frozen layers over images, their other views and their copies.
 *
 * @param layout the images that `rows` has room for, in the order of {@link SharedFeatures}.
 * @param options `range`: the images to compute rows for; by default all.
 * @throws StoppedError before the next batch once a stop is requested.
 */
export async function frontRows(
  front: ImageFunction,
  images: ImageReader,
  { indices, cachedCopies, ...layout }: Omit<SharedFeatures, 'rows'>,
  {
    rows,
    width,
    stop,
    range: { start, end } = { start: 0, end: indices.length },
  }: { rows: Float32Array; width: number; stop: StopFlag; range?: ImageRange },
): Promise<void> {
  const part = indices.subarray(start, end);
  const views = viewsInRows(layout);
  const options = (of: readonly View[], firstRow: number) => ({
    ...{ width, views: of, stop },
    rows: rows.subarray(firstRow * width, (firstRow + part.length * of.length) * width),
  });
  await forwardRows(part, options(views, start * views.length), (batch) => front.rows(images, batch));
  if (cachedCopies === undefined) return;
  for (let copy = 1; copy <= cachedCopies.count; copy += 1) {
    const reader = new CopyReader(images, cachedCopies, copy);
    const firstRow = indices.length * (views.length + copy - 1) + start;
    await forwardRows(part, options([whole], firstRow), (batch) => front.rows(reader, batch));
  }
}
