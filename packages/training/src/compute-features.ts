import { variantOf } from '@chorus/models';
import { frontRows, rowCountOf } from './front-rows.ts';
import { takeImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { initialClassifier } from './initial-classifier.ts';
import type { LaneContext } from './lane-context.ts';
import type { FeaturesTask } from './protocol.ts';
import { requireFinite } from './require-finite.ts';

/**
 * Computes the pooled features of a member's frozen backbone for a range of images, into shared memory.
 *
 * @throws StoppedError before the next batch once a stop is requested; ModelError or StorageError for invalid initial weights;
 * ModelError for features that are not finite.
 */
export async function computeFeatures(task: FeaturesTask, lane: LaneContext): Promise<null> {
  const { range, member } = task;
  const { indices, rowsPerImage, crops, cachedCopies, rows } = task.features;
  lane.observer.onStage(task.name, 'features');
  const features = await lane.models.get(
    task.name,
    async () => {
      const rowCount = rowCountOf(indices.length, rowsPerImage, cachedCopies);
      const options = { output: 'features', rowCount, hasCrops: crops !== undefined } as const;
      return takeImageFunction(await initialClassifier(task), options, lane.compute);
    },
    { isKept: false },
  );
  const { featureWidth: width } = variantOf(member.backbone);
  const images = new ImageReader(task.pixels, task.reads);
  const values = new Float32Array(rows);
  await frontRows(features, images, task.features, { rows: values, width, stop: lane.stop, range });
  const [start, end] = [range.start, range.end].map((image) => image * rowsPerImage * width);
  // Copies of the images have rows of their own, with the same weights.
  requireFinite(values.subarray(start, end), indices.subarray(range.start, range.end), task.name, 'features');
  return null;
}
