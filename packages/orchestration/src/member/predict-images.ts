import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Classifier } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { forwardBatches, forwardBatchSize } from './forward-batches.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';
import type { StopFlag } from './stop-flag.ts';

/** A classifier that is ready for any number of calls. */
export interface ImagePredictor {
  /**
   * Logits on images, each counted once.
   *
   * @returns [images, outputs], in the order of the indices.
   * @throws StoppedError at a batch edge.
   */
  predict(images: ImageReader, indices: Uint32Array, stop: StopFlag): Promise<Float32Array>;
  /** Disposes what was compiled; the classifier stays its owner's. */
  dispose(): void;
}

/** How images come to an {@link ImagePredictor}. */
export interface PredictorOptions {
  /** Averages each image's logits with its mirror image's. */
  testTimeAugmentation: boolean;
  /** Images in all calls together: whether it pays to compile, and how many rows a batch has. */
  imageCount: number;
}

/** Prepares a classifier to predict images that come in several calls. */
export function prepareImagePredictor(
  classifier: Classifier,
  { testTimeAugmentation, imageCount }: PredictorOptions,
  compute: ComputeSettings,
): ImagePredictor {
  const { outputCount } = classifier;
  const callCount = (testTimeAugmentation ? 2 : 1) * Math.ceil(imageCount / forwardBatchSize);
  const predict = prepareFunction(compute, { name: 'predict', callCount }, (pixels: tf.Tensor4D) =>
    classifier.logits(pixels),
  );
  // One shape for all calls: another would be compiled anew.
  const rowCount = Math.min(imageCount, forwardBatchSize);
  return {
    async predict(images, indices, stop) {
      const logits = new Float32Array(indices.length * outputCount);
      let offset = 0;
      for (const { batch } of forwardBatches(indices)) {
        stop.check();
        const values = tf.tidy(() => {
          const plain = predict(images.read(batch, rowCount));
          if (!testTimeAugmentation) return plain.dataSync();
          // Large images take seconds a pass.
          stop.check();
          const mirrored = predict(images.read({ ...batch, flips: batch.flips.map(() => 1) }, rowCount));
          return plain.add(mirrored).div(2).dataSync();
        });
        logits.set(values.subarray(0, batch.indices.length * outputCount), offset);
        offset += batch.indices.length * outputCount;
        await nextTurn();
      }
      return logits;
    },
    dispose: () => predict.dispose(),
  };
}

/**
 * A classifier's logits on images, each counted once.
 *
 * @param testTimeAugmentation averages each image's logits with its mirror image's.
 * @returns [images, outputs], in the order of the indices.
 * @throws StoppedError at a batch edge.
 */
export async function predictImages(
  classifier: Classifier,
  images: ImageReader,
  indices: Uint32Array,
  testTimeAugmentation: boolean,
  { stop, compute }: { stop: StopFlag; compute: ComputeSettings },
): Promise<Float32Array> {
  const predictor = prepareImagePredictor(classifier, { testTimeAugmentation, imageCount: indices.length }, compute);
  try {
    return await predictor.predict(images, indices, stop);
  } finally {
    predictor.dispose();
  }
}
