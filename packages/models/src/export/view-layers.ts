/** The views of test-time augmentation as standard tfjs layers. */
import tf from '@chorus/tfjs';
import type { Symbolic } from '../backbones/layer-calls.ts';
import { type Interpolation, interpolationMatrix, interpolationsOf } from '../views/crop-pixels.ts';
import type { View } from '../views/views.ts';

/**
 * Views of images [N,S,S,3], whose pixels are the same as those of `fillView`. tfjs has no layer that mirrors or interpolates
 * pixels, but layers that swap dimensions, and dense layers over the last one.
 *
 * @param name names of layers start with it.
 * @returns [N,S,S,3] for each view.
 */
export function viewLayers(image: Symbolic, views: readonly View[], size: number, name: string): Symbolic[] {
  const sides = new Map<string, tf.layers.Layer>();
  /** Along the last dimension; equal interpolations share a layer. */
  const interpolated = (x: Symbolic, key: string, along: Interpolation): Symbolic => {
    const known = sides.get(key);
    if (known !== undefined) return known.apply(x) as Symbolic;
    const layer = tf.layers.dense({ name: `${name}_${key}`, units: size, useBias: false, kernelInitializer: 'zeros' });
    const output = layer.apply(x) as Symbolic;
    tf.tidy(() => layer.setWeights([tf.tensor2d(interpolationMatrix(along))]));
    sides.set(key, layer);
    return output;
  };
  return views.map(({ crop, mirror }, index) => {
    if (crop === null && !mirror) return image;
    const swapped = (x: Symbolic, step: string, dims: number[]) =>
      tf.layers.permute({ name: `${name}_${index + 1}_${step}`, dims }).apply(x) as Symbolic;
    const { columns, rows } = interpolationsOf({ crop, mirror }, size);
    const { left, top, side } = crop ?? { left: 0, top: 0, side: 8 };
    const columnsLast = swapped(image, 'columns_last', [1, 3, 2]);
    const wide = interpolated(columnsLast, `columns_${left}_${side}${mirror ? '_mirrored' : ''}`, columns);
    if (crop === null) return swapped(wide, 'channels_last', [1, 3, 2]);
    const rowsLast = swapped(wide, 'rows_last', [3, 2, 1]);
    return swapped(interpolated(rowsLast, `rows_${top}_${side}`, rows), 'channels_last', [3, 1, 2]);
  });
}
