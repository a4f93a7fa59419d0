/** What a model does to raw pixels before its first layer. */
import * as tf from '@tensorflow/tfjs';
import { ModelError } from './errors.ts';

export const preprocessingNames = ['minus-one-to-one', 'raw-bgr'] as const;
export type PreprocessingName = (typeof preprocessingNames)[number];

/** Turns raw pixels into what a backbone's weights were trained on. */
export interface Preprocessing {
  /** Recorded beside saved weights. */
  name: PreprocessingName;
  /** Images [N,S,S,3], 0..255, of any type → float, the same shape; the caller disposes. */
  apply(images: tf.Tensor4D): tf.Tensor4D;
}

/** x / 127.5 − 1: −1..1, mode `tf` of keras.applications. */
export const minusOneToOne: Preprocessing = {
  name: 'minus-one-to-one',
  apply: (images) => tf.tidy(() => tf.sub(tf.div(tf.cast(images, 'float32'), 127.5), 1)),
};

/** 0..255 as they are, blue first: cv2.imread's pixels without any preprocessing. No published weights expect it. */
export const rawBgr: Preprocessing = {
  name: 'raw-bgr',
  apply: (images) => tf.tidy(() => tf.reverse(tf.cast(images, 'float32'), 3)),
};

/** A new preprocessing is a name above and a line here. */
export const preprocessings: Readonly<Record<PreprocessingName, Preprocessing>> = {
  'minus-one-to-one': minusOneToOne,
  'raw-bgr': rawBgr,
};

/**
 * @param own the preprocessing of the backbone's published weights.
 * @throws ModelError for another than that or `raw-bgr`.
 */
export function checkPreprocessing(name: string, own: Preprocessing): asserts name is PreprocessingName {
  if (name !== own.name && name !== rawBgr.name)
    throw new ModelError(
      `Expected the preprocessing ${own.name}, as this backbone's weights do, or ${rawBgr.name}, received ${name}.`,
    );
}
