import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Classifier } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { forwardBatches, forwardBatchSize } from './forward-batches.ts';
import type { ImageReader } from './image-reader.ts';
import { type ComputeSettings, prepareFunction } from './prepared-function.ts';
import type { StopFlag } from './stop-flag.ts';

/**
 * A classifier's logits on images, each counted once.
 *
 * @param mirror averages each image's logits with its mirror image's.
 * @returns [images, outputs], in the order of the indices.
 * @throws StoppedError at a batch edge.
 */
export async function predictImages(
  classifier: Classifier,
  images: ImageReader,
  indices: Uint32Array,
  mirror: boolean,
  { stop, compute }: { stop: StopFlag; compute: ComputeSettings },
): Promise<Float32Array> {
  const { outputCount } = classifier;
  const logits = new Float32Array(indices.length * outputCount);
  const callCount = (mirror ? 2 : 1) * Math.ceil(indices.length / forwardBatchSize);
  const predict = prepareFunction(compute, { name: 'predict', callCount }, (pixels: tf.Tensor4D) =>
    classifier.logits(pixels),
  );
  try {
    let offset = 0;
    for (const { batch, rowCount } of forwardBatches(indices)) {
      stop.check();
      const values = tf.tidy(() => {
        const plain = predict(images.read(batch, rowCount));
        if (!mirror) return plain.dataSync();
        const mirrored = predict(images.read({ ...batch, flips: batch.flips.map(() => 1) }, rowCount));
        return plain.add(mirrored).div(2).dataSync();
      });
      logits.set(values.subarray(0, batch.indices.length * outputCount), offset);
      offset += batch.indices.length * outputCount;
      await nextTurn();
    }
    return logits;
  } finally {
    predict.dispose();
  }
}
