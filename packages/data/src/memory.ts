import { totalmem } from 'node:os';
import { DataError } from './errors.ts';

/** Memory available to this process in bytes: the limit of the machine or of the container. */
export function availableMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Bytes of all pixels, with one store per size. */
export function pixelBytes({ imageCount, imageSizes }: { imageCount: number; imageSizes: readonly number[] }): number {
  return imageSizes.reduce((sum, size) => sum + imageCount * size * size * 3, 0);
}

/**
 * Rejects a run that needs more memory than this machine has, before anything is decoded.
 *
 * @param need `laneBytes`: memory for training, without the pixels.
 * @param availableBytes by default {@link availableMemoryBytes}.
 * @throws DataError with both amounts and the settings to lower.
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
