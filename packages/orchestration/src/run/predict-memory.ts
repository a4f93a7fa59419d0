/** What predicting with a bundle takes, against what this machine has. */
import { availableMemoryBytes, DataError, pixelBytes } from '@chorus/data';
import { backboneMeasurements, type SavedMember } from '@chorus/models';
import { forwardBatchSize } from '@chorus/training';
import { laneBaseBytes } from '../plan/lane-memory.ts';

export interface PredictNeeds {
  models: readonly SavedMember[];
  /** Sides of the images, pixels. */
  sizes: readonly number[];
  laneCount: number;
  /** Images of a chunk; two chunks are in memory at a time. */
  chunkCount: number;
}

/**
 * Refuses a bundle that this machine cannot run, before anything is decoded. A rough bound: a forward pass at a time on each
 * lane, with a quarter of the activations that training keeps, and the weights twice, in shared memory and in TensorFlow's.
 *
 * @param availableBytes by default what this process may use.
 * @throws DataError with both figures and what to lower.
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
  const needed = laneCount * laneBaseBytes + 2 * weights + activations + pixels;
  if (needed <= availableBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new DataError(
    `Predicting with ${models.length} models on ${laneCount} lanes needs about ${gigabytes(needed)} of memory; this machine has ${gigabytes(availableBytes)}.${
      laneCount > 1 ? ' Name fewer workers.' : ''
    }`,
  );
}
