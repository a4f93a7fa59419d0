import { variantOf } from '@chorus/models';
import { frontRows, rowCountOf } from './front-rows.ts';
import { takeImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import { initialClassifier } from './initial-classifier.ts';
import type { LaneContext } from './lane-context.ts';
import type { FeaturesTask } from './protocol.ts';

/**
 * Computes the pooled features of a member's frozen backbone for a range of images, into shared memory.
 *
 * @throws StoppedError before the next batch once a stop is requested; ModelError or StorageError for invalid initial weights.
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
  await frontRows(features, images, task.features, { rows: new Float32Array(rows), width, stop: lane.stop, range });
  return null;
}
