import { variantOf } from '@chorus/models';
import { forwardRows } from './forward-rows.ts';
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
  const { indices, rowsPerImage, rows } = task.features;
  lane.observer.onStage(task.name, 'features');
  const features = await lane.models.get(
    task.name,
    async () => {
      const options = { output: 'features', rowCount: indices.length * rowsPerImage } as const;
      return takeImageFunction(await initialClassifier(task), options, lane.compute);
    },
    { isKept: false },
  );
  const width = variantOf(member.backbone).featureWidth;
  const rowsOfRange = new Float32Array(rows).subarray(
    range.start * rowsPerImage * width,
    range.end * rowsPerImage * width,
  );
  const images = new ImageReader(task.pixels, task.reads);
  await forwardRows(
    indices.subarray(range.start, range.end),
    { width, viewsPerImage: rowsPerImage, rows: rowsOfRange, stop: lane.stop },
    (batch) => features.rows(images, batch),
  );
  return null;
}
