import tf from '@chorus/tfjs';
import { applyOperations } from './apply-operations.ts';
import { blurImages } from './blur.ts';
import { grayWeights } from './colors.ts';
import { columns } from './columns.ts';
import { type AugmentationSettings, changesColors, mixesImages, movesPixels } from './settings.ts';

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
    if (settings.policy !== null) x = applyOperations(x, part(columns.operations));
    if (settings.blur > 0) x = blurImages(x, part(columns.blur));
    if (settings.erase > 0) x = erase(x, part(columns.erased));
    if (mixesImages(settings)) {
      const outside = settings.cutmix > 0 ? tf.sub(1, insideOf(part(columns.cut), x.shape[1])) : 1;
      x = mix(x, tf.mul(outside, tf.reshape(part(columns.blend), [-1, 1, 1, 1])));
    }
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

/** The color of erased pixels; 0 after the preprocessing of most backbones. */
const middleGray = 127.5;

/** @param rectangles [N, 4] */
function erase(images: tf.Tensor4D, rectangles: tf.Tensor2D): tf.Tensor4D {
  const outside = tf.sub(1, insideOf(rectangles, images.shape[1]));
  return tf.add(tf.mul(tf.sub(images, middleGray), outside), middleGray);
}

/**
 * Mixes each image with the one before it.
 *
 * @param shares of each image's own pixels, [N, S, S, 1] or [N, 1, 1, 1].
 */
function mix(images: tf.Tensor4D, shares: tf.Tensor): tf.Tensor4D {
  const last = images.shape[0] - 1;
  if (last === 0) return images;
  const before = tf.concat([tf.slice(images, last), tf.slice(images, 0, last)]);
  return tf.add(before, tf.mul(tf.sub(images, before), shares));
}

/**
 * 1 in each image's rectangle, 0 elsewhere.
 *
 * @param rectangles [N, 4], in pixels.
 * @returns [N, size, size, 1]
 */
function insideOf(rectangles: tf.Tensor2D, size: number): tf.Tensor4D {
  const [top, left, bottom, right] = tf.split(tf.reshape(rectangles, [-1, 4, 1, 1]), 4, 1) as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const between = (places: tf.Tensor, start: tf.Tensor, end: tf.Tensor) =>
    tf.cast(tf.logicalAnd(tf.greaterEqual(places, start), tf.less(places, end)), 'float32');
  const rows = between(tf.reshape(tf.range(0, size), [1, size, 1, 1]), top, bottom);
  const columnsInside = between(tf.reshape(tf.range(0, size), [1, 1, size, 1]), left, right);
  return tf.mul(rows, columnsInside);
}
