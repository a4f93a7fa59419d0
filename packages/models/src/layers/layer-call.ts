import type tf from '@chorus/tfjs';

/** Arguments of one call of a layer, passed as keyword arguments of tfjs-layers. */
export interface LayerCall {
  /** Whether dropout is active and BatchNorm uses `statistics`; otherwise both run in inference mode. */
  training: boolean;
  /**
   * The statistics that BatchNorm normalizes with during training:
   * - `moving`: the moving statistics, which do not change;
   * - `batch`: the batch statistics, which update the moving ones with the layer's momentum;
   * - `weight`: the batch statistics, which are blended into the moving ones with this weight (0..1].
   */
  statistics: 'moving' | 'batch' | { weight: number | tf.Scalar };
  /** Number of the training step, int32: dropout draws a new mask for each step. */
  step?: tf.Scalar | undefined;
}

export const inference: LayerCall = { training: false, statistics: 'moving' };
