import type * as tf from '@tensorflow/tfjs';

/** What a layer is told each time it runs; given to tfjs-layers as a call's keyword arguments. */
export interface LayerCall {
  /** Dropout drops, and BatchNorm looks at `statistics`; else both are constant functions. */
  training: boolean;
  /**
   * What BatchNorm normalises with while training:
   * - `moving`: the moving statistics, which stay as they are;
   * - `batch`: the batch's, which the moving ones follow by the layer's momentum;
   * - `share`: the batch's, which become this share (0..1] of the moving ones.
   */
  statistics: 'moving' | 'batch' | { share: number | tf.Scalar };
  /** Int32: which of a training's steps this is, that dropout draws another mask in each. */
  step?: tf.Scalar | undefined;
}

export const inference: LayerCall = { training: false, statistics: 'moving' };
