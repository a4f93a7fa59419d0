import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Classifier } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import { forwardBatchSize, plainBatches } from './activations.ts';
import type { ImageReader } from './image-reader.ts';
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
  stop: StopFlag,
): Promise<Float32Array> {
  const logits = new Float32Array(indices.length * classifier.outputCount);
  let offset = 0;
  for (const batch of plainBatches(indices, forwardBatchSize)) {
    stop.check();
    const values = tf.tidy(() => {
      const plain = classifier.logits(images.read(batch));
      if (!mirror) return plain.dataSync();
      const mirrored = classifier.logits(images.read({ ...batch, flips: batch.flips.map(() => 1) }));
      return plain.add(mirrored).div(2).dataSync();
    });
    logits.set(values, offset);
    offset += values.length;
    await nextTurn();
  }
  return logits;
}
