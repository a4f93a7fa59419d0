/** Compares the memory that predictions with a bundle need with this machine's. */
import { availableMemoryBytes, DataError, pixelBytes } from '@chorus/data';
import { backboneMeasurements, type SavedMember } from '@chorus/models';
import { forwardBatchSize } from '@chorus/training';
import { laneBaseBytes } from '../plan/lane-memory.ts';

export interface PredictNeeds {
  models: readonly SavedMember[];
  /** Sides of the images in pixels. */
  sizes: readonly number[];
  laneCount: number;
  /** Number of images per chunk; two chunks are in memory at a time. */
  chunkCount: number;
}

/**
 * Refuses a bundle that this machine has too little memory for, before anything is decoded. The estimate assumes one forward
 * pass per lane with a quarter of the activations that training keeps, and the weights in shared memory and, twice, in every
 * lane.
 *
 * @param availableBytes by default, the memory that this process can use.
 * @throws DataError with both figures and advice.
 */
export function requirePredictMemory(
  { models, sizes, laneCount, chunkCount }: PredictNeeds,
  availableBytes: number = availableMemoryBytes(),
): void {
  const weights = models.reduce((sum, model) => sum + model.weights.length, 0);
  const activations = models
    .map(({ manifest: { backbone } }) => {
      const { trainingBytesPerPixel } = backboneMeasurements[backbone.family];
      return (forwardBatchSize * backbone.inputSize ** 2 * trainingBytesPerPixel) / 4;
    })
    .toSorted((a, b) => b - a)
    .slice(0, laneCount)
    .reduce((sum, bytes) => sum + bytes, 0);
  const pixels = 2 * pixelBytes({ imageCount: chunkCount, imageSizes: sizes });
  const needed = laneCount * laneBaseBytes + (1 + 2 * laneCount) * weights + activations + pixels;
  if (needed <= availableBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new DataError(
    `Predicting with ${models.length} models on ${laneCount} lanes needs about ${gigabytes(needed)} of memory; this machine has ${gigabytes(availableBytes)}.${
      laneCount > 1 ? ' Use fewer workers.' : ''
    }`,
  );
}
