/**
 * What Keras' versions call the same thing. The official files are of all ages: Xception's was published with Keras 1.2,
 * InceptionV3's with 2.0.
 */

/** A class of layers with weights, as Keras names its layers where nobody did. */
export type LayerKind = 'conv2d' | 'depthwise_conv2d' | 'separable_conv2d' | 'batch_normalization' | 'dense';

/** @param weightNames of a backbone's layer, in order. */
export function kindOf(weightNames: readonly string[]): LayerKind {
  if (weightNames.includes('moving_mean')) return 'batch_normalization';
  if (weightNames.includes('pointwise_kernel')) return 'separable_conv2d';
  return weightNames[0] === 'depthwise_kernel' ? 'depthwise_conv2d' : 'conv2d';
}

/** The kind of a layer that Keras named by a counter: `conv2d`, `conv2d_94`, in Keras 1 `convolution2d_1`. */
export function counterKind(layerName: string): LayerKind | undefined {
  if (/^conv(olution)?2d(_\d+)?$/.test(layerName)) return 'conv2d';
  if (/^batch_?normalization(_\d+)?$/.test(layerName)) return 'batch_normalization';
  return undefined;
}

/** Of a layer that Keras named by a counter: of `conv2d_94` 94, of `conv2d`, which it made first, 0. */
export function counterOf(layerName: string): number {
  return Number(/_(\d+)$/.exec(layerName)?.[1] ?? 0);
}

/** Whether this is the layer with weights of a classification top that Keras calls `topInKeras` today. */
export function isTopName(layerName: string, topInKeras: string): boolean {
  // MobileNetV2's until TensorFlow 2.1, and in its official files.
  return layerName === topInKeras || (topInKeras === 'predictions' && layerName === 'Logits');
}

/**
 * A weight's name in Keras 2: `kernel` for `conv1/conv1/kernel:0`, for `conv1/kernel` (Keras 3) and for `conv1_W:0` or
 * `conv1_W_1:0` (Keras 1).
 *
 * A depthwise kernel is a `kernel` too, which Keras 3 calls it.
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
  // In spite of its name it holds the variance.
  ['running_std', 'moving_variance'],
]);
