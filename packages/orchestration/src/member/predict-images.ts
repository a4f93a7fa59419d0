import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Classifier } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { forwardBatchSize, plainBatches } from './activations.ts';
import type { ImageReader } from './image-reader.ts';
import type { StopFlag } from './stop-flag.ts';

/**
 * A classifier's logits on images, each counted once.
 *
 * @returns [images, outputs], in the order of the indices.
 * @throws StoppedError at a batch edge.
 */
export async function predictImages(
  classifier: Classifier,
  images: ImageReader,
  indices: Uint32Array,
  stop: StopFlag,
): Promise<Float32Array> {
  const logits = new Float32Array(indices.length * classifier.outputCount);
  let offset = 0;
  for (const batch of plainBatches(indices, forwardBatchSize)) {
    stop.check();
    const values = tf.tidy(() => classifier.logits(images.read(batch)).dataSync());
    logits.set(values, offset);
    offset += values.length;
    await nextTurn();
  }
  return logits;
}
