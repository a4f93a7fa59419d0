import { memberFromBytes, variantOf, viewsOf } from '@chorus/models';
import { takeImageFunction } from './image-function.ts';
import { ImageReader } from './image-reader.ts';
import type { LaneContext } from './lane-context.ts';
import { predictImages } from './predict-images.ts';
import type { PredictTask } from './protocol.ts';
import { hasCrops } from './views.ts';

/**
 * Predicts images with a trained model.
 *
 * @returns logits [indices, outputs]; with `withFeatures`, each row followed by the image's pooled features.
 * @throws ModelError when manifest and weights do not match; StoppedError before the next batch once a stop is requested.
 */
export async function predict(
  task: PredictTask,
  { compute, models, stop }: Pick<LaneContext, 'compute' | 'models' | 'stop'>,
): Promise<Float32Array> {
  const { manifest, weights, imageCount, withFeatures } = task;
  const views = viewsOf(task.testTimeAugmentation);
  const output = withFeatures ? 'logits-and-features' : 'logits';
  const options = { output, rowCount: imageCount * views.length, hasCrops: hasCrops(views) } as const;
  const logits = await models.get(
    task.model,
    () => takeImageFunction(memberFromBytes(manifest, weights), options, compute),
    { isKept: task.keepsModel },
  );
  const images = new ImageReader(task.pixels, task.reads);
  const width = manifest.outputCount + (withFeatures ? variantOf(manifest.backbone).featureWidth : 0);
  return predictImages(logits, images, task.indices, { width, views, stop });
}
