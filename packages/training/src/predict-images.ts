import type { Classifier } from '@chorus/models';
import type * as tf from '@tensorflow/tfjs';
import { forwardBatchSize, forwardRows } from './forward-rows.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';
import type { StopFlag } from './stop-flag.ts';

/** A classifier that is prepared for any number of predictions. */
export interface ImagePredictor {
  /**
   * Predicts the logits of images.
   *
   * @returns [images, outputs], in the order of the indices.
   * @throws StoppedError before the next batch once a stop is requested.
   */
  predict(images: ImageReader, indices: Uint32Array, stop: StopFlag): Promise<Float32Array>;
  /** Disposes compiled functions, but not the classifier. */
  dispose(): void;
}

export interface PredictorOptions {
  /** Averages the logits of each image and its mirror image. */
  testTimeAugmentation: boolean;
  /** Total number of images in all calls; determines the batch size and whether to compile. */
  imageCount: number;
}

/** Prepares a classifier to predict images in several calls. */
export function prepareImagePredictor(
  classifier: Classifier,
  { testTimeAugmentation, imageCount }: PredictorOptions,
  compute: ComputeSettings,
): ImagePredictor {
  const callCount = (testTimeAugmentation ? 2 : 1) * Math.ceil(imageCount / forwardBatchSize);
  const logits = prepareFunction(compute, { name: 'predict', callCount }, (pixels: tf.Tensor4D) =>
    classifier.logits(pixels),
  );
  return {
    predict(images, indices, stop) {
      return forwardRows(indices, { width: classifier.outputCount, imageCount, stop }, (batch, rowCount) => {
        const plain = logits(images.read(batch, rowCount));
        if (!testTimeAugmentation) return plain;
        // A forward pass over large images takes seconds.
        stop.check();
        const mirrored = logits(images.read({ ...batch, flips: batch.flips.map(() => 1) }, rowCount));
        return plain.add(mirrored).div(2);
      });
    },
    dispose: () => logits.dispose(),
  };
}
