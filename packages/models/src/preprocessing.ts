import * as tf from '@tensorflow/tfjs';

/** Turns raw pixels into what a backbone's weights were trained on. */
export interface Preprocessing {
  /** Recorded beside saved weights. */
  name: string;
  /** Images [N,S,S,3], float, 0..255 → the same shape; the caller disposes. */
  apply(images: tf.Tensor4D): tf.Tensor4D;
}

/** x / 127.5 − 1: −1..1, mode `tf` of keras.applications. */
export const minusOneToOne: Preprocessing = {
  name: 'minus-one-to-one',
  apply: (images) => tf.tidy(() => tf.sub(tf.div(images, 127.5), 1)),
};
