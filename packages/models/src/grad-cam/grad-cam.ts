/** Where in an image a classifier finds evidence for a class: Grad-CAM (Selvaraju et al., 2017), before its ReLU. */
import tf from '@chorus/tfjs';
import type { Classifier } from '../classifier/classifier.ts';

/**
 * Computes evidence maps: the sum of the last feature maps, each multiplied by the spatial mean of a score's gradient with respect
 * to it. Positive values speak for the score, negative ones against it. Maps of several models can be added before
 * `toHeatMap` cuts off the negative values.
 *
 * @param images [N,S,S,3], 0..255
 * @param derivatives one tensor per score [N, outputCount + featureWidth]: its derivative with respect to each image's logits and
 * pooled features. For the logit of a class, this is 1 at that logit and 0 elsewhere.
 * @returns one map per score [N,H,W]; the caller disposes.
 * @example
 * // Two classes have one logit, that of the second class.
 * const [evidence] = gradCam(classifier, image, [tf.oneHot([0], 1 + classifier.featureWidth)]);
 */
export function gradCam(
  classifier: Classifier,
  images: tf.Tensor4D,
  derivatives: readonly tf.Tensor2D[],
): tf.Tensor3D[] {
  return tf.tidy(() => {
    const featureMaps = classifier.featureMaps(images);
    return derivatives.map((derivative) => {
      // An image's outputs depend on no other image, so the gradient of the sum contains that of each image.
      const sumOfScores = (maps: tf.Tensor) =>
        classifier
          .logitsAndFeaturesOf(maps as tf.Tensor4D)
          .mul(derivative)
          .sum();
      const gradient = tf.grad(sumOfScores)(featureMaps);
      return featureMaps.mul(gradient.mean([1, 2], true)).sum<tf.Tensor3D>(3);
    });
  });
}
