import type * as tf from '@tensorflow/tfjs';

/** What a layer is told each time it runs; given to tfjs-layers as a call's keyword arguments. */
export interface LayerCall {
  /** Dropout drops, and BatchNorm looks at `statistics`; else both are constant functions. */
  training: boolean;
  /**
   * What BatchNorm normalizes with while training:
   * - `moving`: the moving statistics, which stay as they are;
   * - `batch`: the batch's, which the moving ones follow by the layer's momentum;
   * - `weight`: the batch's, blended into the moving ones with this weight (0..1].
   */
  statistics: 'moving' | 'batch' | { weight: number | tf.Scalar };
  /** Int32: which of a training's steps this is, that dropout draws another mask in each. */
  step?: tf.Scalar | undefined;
}

export const inference: LayerCall = { training: false, statistics: 'moving' };
