import * as tf from '@tensorflow/tfjs';
import { grayWeights } from './colors.ts';
import { columns } from './parameters.ts';
import { type AugmentationSettings, changesColors, movesPixels } from './settings.ts';

/** Kernel of packages/runtime: { images: float32 [N,H,W,3]; transforms [N,8] } → [N,H,W,3]. */
const projectiveTransform = 'ChorusProjectiveTransform';

/**
 * Augments images; uses only tensors, so that it can be compiled.
 *
 * @param images [N, S, S, 3], 0 … 255, of any type.
 * @param parameters [N, parameterCount]
 * @param settings what the parameters were drawn for; determines the operations.
 * @returns [N, S, S, 3], float32, 0 … 255; the caller disposes.
 */
export function augmentPixels(
  images: tf.Tensor4D,
  parameters: tf.Tensor2D,
  settings: AugmentationSettings,
): tf.Tensor4D {
  return tf.tidy(() => {
    const part = ({ start, length }: { start: number; length: number }) =>
      tf.slice(parameters, [0, start], [-1, length]);
    let x: tf.Tensor4D = tf.cast(images, 'float32');
    if (movesPixels(settings))
      x = tf.engine().runKernel(projectiveTransform, { images: x, transforms: part(columns.transform) }) as tf.Tensor4D;
    if (changesColors(settings)) x = changeColors(x, part(columns.colors));
    return x;
  });
}

// --- internal ---

/** @param matrices [N, 12] */
function changeColors(images: tf.Tensor4D, matrices: tf.Tensor2D): tf.Tensor4D {
  const [count, height, width] = images.shape;
  const [ofColors, ofGray] = tf.split(tf.reshape(matrices, [count, 3, 4]), [3, 1], 2) as [tf.Tensor3D, tf.Tensor3D];
  const pixels = tf.reshape(images, [count, height * width, 3]);
  const meanGray = tf.sum(tf.mul(tf.mean(pixels, 1, true), tf.tensor1d([...grayWeights])), 2, true);
  const offsets = tf.transpose(tf.mul(ofGray, meanGray), [0, 2, 1]);
  const changed = tf.add(tf.matMul(pixels, ofColors, false, true), offsets);
  return tf.reshape(tf.clipByValue(changed, 0, 255), [count, height, width, 3]) as tf.Tensor4D;
}
