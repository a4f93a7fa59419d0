/** One place for every way in which Chorus makes a step. */
import { fillBatch, type ImageBatch, type PixelStore } from '@chorus/data';
import { Adam, type Classifier, trainStep } from '@chorus/models';
import * as tf from '@tensorflow/tfjs';
import type { ChorusWay } from './chorus-ways.ts';

/** A batch of a store's images; their classes, where they are to be learnt from. */
export type Step = (batch: ImageBatch, labels: Int32Array) => void;

/** All layers train, by Adam at 1e-3, as lanes of `orchestration` do it. */
export function trainingStep(way: ChorusWay, classifier: Classifier, images: PixelStore): Step {
  switch (way) {
    case 'eager': {
      const part = classifier.part('all', { batchNorm: 'batch' });
      const adam = new Adam();
      return (batch, labels) =>
        tf.tidy(() => {
          const activations = part.prefix(floatImages(images, batch));
          trainStep(part, adam, { activations, labels: tf.tensor1d(labels, 'int32') }, { learningRate: 1e-3 });
        });
    }
  }
}

/** Logits, brought to JavaScript, as lanes of `orchestration` do it. */
export function predictionStep(way: ChorusWay, classifier: Classifier, images: PixelStore): Step {
  switch (way) {
    case 'eager':
      return (batch) => tf.tidy(() => void classifier.logits(floatImages(images, batch)).dataSync());
  }
}

/** [N, size, size, 3], float, 0..255. */
export function floatImages(images: PixelStore, batch: ImageBatch): tf.Tensor4D {
  // Fresh memory each time: TensorFlow keeps using the array it is given.
  const values = new Float32Array(batch.indices.length * images.size ** 2 * 3);
  fillBatch(images, batch, values);
  return tf.tensor4d(values, [batch.indices.length, images.size, images.size, 3]);
}
