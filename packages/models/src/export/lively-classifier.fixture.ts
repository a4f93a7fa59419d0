import tf from '@chorus/tfjs';
import { type Classifier, type ClassifierOptions, createClassifier } from '../classifier/classifier.ts';
import { type ModelWeight, setWeights } from '../classifier/model-weights.ts';
import { noiseImages, seededTensor } from '../numbers.fixture.ts';

/** Images that differ as photographs do. Noise images are so similar that BatchNorm amplifies rounding errors. */
export function smoothImages(count: number, size: number, seed: number): tf.Tensor4D {
  return tf.tidy(() => tf.image.resizeBilinear(noiseImages(count, 3, seed), [size, size]).round());
}

/** A classifier with varied BatchNorm weights, without which its output hardly depends on the image. */
export function livelyClassifier(options: ClassifierOptions): Classifier {
  const { backbone, seed } = options;
  const classifier = createClassifier(options);
  const draw = (shape: readonly number[], low: number, high: number, salt: number) =>
    tf.tidy(() => seededTensor([...shape] as [number], low, high, seed + salt).dataSync<'float32'>());
  const drawn = classifier.weights.flatMap((weight, index) => {
    if (weight.weightName === 'gamma') return [[weight, draw(weight.shape, 0.5, 0.8, index)] as const];
    if (weight.weightName === 'beta') return [[weight, draw(weight.shape, 0.5, 1, index)] as const];
    return weight.layerName === 'head' ? [[weight, draw(weight.shape, -0.1, 0.1, index)] as const] : [];
  });
  setWeights(new Map(drawn));
  const view = classifier.fineTuneView('all', { batchNorm: 'batch' });
  const images = smoothImages(32, backbone.inputSize, 9);
  view.recalibrateBatchNorm([view.prefix(images)]);
  // Otherwise some heads amplify rounding errors, and some output nearly 0 or nearly 1 for every image.
  const [kernel, bias] = classifier.weights.slice(-2) as [ModelWeight, ModelWeight];
  tf.tidy(() => {
    const { mean, variance } = tf.moments(classifier.logits(images), 0);
    const scale = tf.div(0.25, tf.sqrt(variance));
    kernel.variable.assign(tf.mul(kernel.variable, scale));
    bias.variable.assign(tf.neg(tf.mul(mean, scale)));
  });
  images.dispose();
  return classifier;
}
