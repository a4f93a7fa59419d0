/**
 * Names in different versions of Keras. The published files come from several: Xception's from Keras 1.2, InceptionV3's from
 * 2.0.
 */

/** A class of layers with weights, as in the default names that Keras gives layers. */
export type LayerKind = 'conv2d' | 'depthwise_conv2d' | 'separable_conv2d' | 'batch_normalization' | 'dense';

/** @param weightNames of one layer of a backbone, in order. */
export function kindOf(weightNames: readonly string[]): LayerKind {
  if (weightNames.includes('moving_mean')) return 'batch_normalization';
  if (weightNames.includes('pointwise_kernel')) return 'separable_conv2d';
  return weightNames[0] === 'depthwise_kernel' ? 'depthwise_conv2d' : 'conv2d';
}

/** The kind of a layer with a default name: `conv2d`, `conv2d_94`, or `convolution2d_1` in Keras 1. */
export function counterKind(layerName: string): LayerKind | undefined {
  if (/^conv(olution)?2d(_\d+)?$/.test(layerName)) return 'conv2d';
  if (/^batch_?normalization(_\d+)?$/.test(layerName)) return 'batch_normalization';
  return undefined;
}

/** The counter in a default name: 94 for `conv2d_94`, 0 for `conv2d`, which is the first one created. */
export function counterOf(layerName: string): number {
  return Number(/_(\d+)$/.exec(layerName)?.[1] ?? 0);
}

/** Whether a name is that of the classification top that current versions of Keras call `topLayer`. */
export function isTopName(layerName: string, topLayer: string): boolean {
  // MobileNetV2's name until TensorFlow 2.1, and in its published files.
  return layerName === topLayer || (topLayer === 'predictions' && layerName === 'Logits');
}

/**
 * Converts a stored name to the weight's name in Keras 2: `kernel` for `conv1/conv1/kernel:0`, `conv1/kernel` (Keras 3), and
 * `conv1_W:0` or `conv1_W_1:0` (Keras 1).
 *
 * A depthwise kernel is a `kernel`, too, as in Keras 3.
 */
export function weightName(layerName: string, storedName: string): string {
  const bare = storedName.replace(/^.*\//, '').replace(/:\d+$/, '');
  if (bare.startsWith(`${layerName}_`)) {
    const first = bare.slice(layerName.length + 1).replace(/_\d+$/, '');
    return namesOfKeras1.get(first) ?? weightName(layerName, first);
  }
  return bare === 'depthwise_kernel' ? 'kernel' : bare;
}

// --- internal ---

const namesOfKeras1 = new Map([
  ['W', 'kernel'],
  ['running_mean', 'moving_mean'],
  // Despite its name, it holds the variance.
  ['running_std', 'moving_variance'],
]);
