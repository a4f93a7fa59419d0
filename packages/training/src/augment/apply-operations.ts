import tf from '@chorus/tfjs';

/**
 * Applies a policy's operations on values; uses only tensors, so that it can be compiled.
 *
 * @param images [N, H, W, 3], 0 … 255.
 * @param operations [N, 4]: sharpness, levelStep, solarizeFrom and stretches of each image.
 */
export function applyOperations(images: tf.Tensor4D, operations: tf.Tensor2D): tf.Tensor4D {
  return tf.tidy(() => {
    const [sharpness, levelStep, solarizeFrom, stretches] = tf.split(tf.reshape(operations, [-1, 1, 1, 4]), 4, 3) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    let x = sharpen(images, sharpness);
    // Levels are those of whole numbers, as in an image file.
    x = tf.where(tf.greater(levelStep, 1), tf.mul(tf.floor(tf.div(tf.round(x), levelStep)), levelStep), x);
    x = tf.where(tf.greaterEqual(x, solarizeFrom), tf.sub(255, x), x);
    return tf.where(tf.greater(stretches, 0), stretched(x), x) as tf.Tensor4D;
  });
}

// --- internal ---

/** Blends images with smoothed ones; pixels at the edge stay as they are. */
function sharpen(images: tf.Tensor4D, factors: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = images.shape;
  const weights = [1, 1, 1, 1, 5, 1, 1, 1, 1].flatMap((weight) => [weight / 13, weight / 13, weight / 13]);
  const smooth = tf.depthwiseConv2d(images, tf.tensor4d(weights, [3, 3, 3, 1]), 1, 'valid');
  const inner = tf.slice(images, [0, 1, 1, 0], [-1, height - 2, width - 2, -1]);
  const change = tf.pad(tf.mul(tf.sub(smooth, inner), tf.sub(1, factors)), [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  return tf.clipByValue(tf.add(images, change), 0, 255) as tf.Tensor4D;
}

/** Stretches each channel to 0 … 255, unless it has one value only. */
function stretched(images: tf.Tensor4D): tf.Tensor4D {
  const [lowest, highest] = [tf.min(images, [1, 2], true), tf.max(images, [1, 2], true)];
  const range = tf.sub(highest, lowest);
  const hasRange = tf.greater(range, 0);
  const scale = tf.div(255, tf.where(hasRange, range, tf.onesLike(range)));
  return tf.where(hasRange, tf.mul(tf.sub(images, lowest), scale), images) as tf.Tensor4D;
}
