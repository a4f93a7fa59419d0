import { totalmem } from 'node:os';
import { DataError } from './errors.ts';

/** Bytes that this process may use: the machine's or the container's. */
export function availableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What the pixels of so many images take, a store for each side. */
export function pixelBytes({ imageCount, imageSizes }: { imageCount: number; imageSizes: readonly number[] }): number {
  return imageSizes.reduce((sum, size) => sum + imageCount * size * size * 3, 0);
}

/**
 * Refuses what this machine cannot hold, before anything is decoded.
 *
 * @param need `laneBytes` is what training needs beside the pixels.
 * @param availableBytes by default {@link availableMemoryBytes}.
 * @throws DataError with both figures and what to lower.
 */
export function checkMemory(
  need: { imageCount: number; imageSizes: readonly number[]; laneBytes: number },
  availableBytes: number = availableMemoryBytes(),
): void {
  const pixels = pixelBytes(need);
  if (pixels + need.laneBytes <= availableBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new DataError(
    `${need.imageCount} images of ${need.imageSizes.map((size) => `${size} × ${size}`).join(' and ')} pixels need ${gigabytes(pixels)} and training ${gigabytes(need.laneBytes)}; this machine has ${gigabytes(availableBytes)}. Lower inputSize, data.limitPerClass, recipe.batchSize or the number of workers.`,
  );
}
