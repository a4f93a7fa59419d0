/** The parameters of augmented images: a row of numbers per image, which the compiled step receives as an input. */
import * as tf from '@tensorflow/tfjs';
import { colorMatrix, drawColors } from './colors.ts';
import { epochDraws } from './draws.ts';
import type { AugmentationSettings } from './settings.ts';
import { drawView, transformOf } from './view.ts';

/** Positions of the parameters in a row. */
export const columns = {
  /** Eight numbers of a projective transform from output to input pixels. */
  transform: { start: 0, length: 8 },
  /** A color matrix [3, 4]. */
  colors: { start: 8, length: 12 },
} as const;

/** Numbers per image. */
export const parameterCount = 20;

/**
 * Draws the parameters of images in an epoch. Those of an image depend on the seed, the epoch and its index only.
 *
 * @param size side of the images in pixels.
 * @returns [images, parameterCount]
 */
export function drawParameters(
  settings: AugmentationSettings,
  indices: Uint32Array,
  { seed, epochIndex, size }: { seed: number; epochIndex: number; size: number },
): Float32Array {
  const drawsOf = epochDraws(seed, epochIndex);
  const rows = new Float32Array(indices.length * parameterCount);
  for (const [position, image] of indices.entries()) {
    const draws = drawsOf(image);
    const start = position * parameterCount;
    rows.set(transformOf(drawView(settings, draws), size), start + columns.transform.start);
    rows.set(colorMatrix(drawColors(settings, draws)), start + columns.colors.start);
  }
  return rows;
}

/** The parameters of a batch as a tensor, or nothing. The caller disposes. */
export function parametersOf({ parameters }: { parameters?: Float32Array }): tf.Tensor2D[] {
  if (parameters === undefined) return [];
  return [tf.tensor2d(parameters, [parameters.length / parameterCount, parameterCount])];
}
