/** Changes of brightness, contrast, saturation and hue: one matrix per image. */
import { between, type Draws } from './draws.ts';
import type { AugmentationSettings } from './settings.ts';

/** Applied in this order; a factor of 1 and an angle of 0 change nothing. */
export interface ColorChange {
  brightness: number;
  contrast: number;
  saturation: number;
  /** Rotation of the hue, in degrees. */
  hue: number;
}

export function drawColors(settings: AugmentationSettings, draws: Draws): ColorChange {
  const factor = (name: 'brightness' | 'contrast' | 'saturation') =>
    between(1 - settings[name], 1 + settings[name], draws[name]);
  return {
    brightness: factor('brightness'),
    contrast: factor('contrast'),
    saturation: draws.gray < settings.gray ? 0 : factor('saturation'),
    hue: between(-settings.hue, settings.hue, draws.hue),
  };
}

/**
 * The color matrix [3, 4]: output = matrix × (red, green, blue, mean gray of the image). Brightness, contrast and saturation
 * are those of torchvision's `adjust_…`, except that values are limited to 0 … 255 only at the end; the hue is rotated as by
 * CSS' `hue-rotate`.
 *
 * @returns 12 numbers, row by row.
 */
export function colorMatrix({ brightness, contrast, saturation, hue }: ColorChange): number[] {
  const color = product(hueRotation(hue), towardsGray(saturation));
  return [0, 1, 2].flatMap((row) => {
    const weights = color.slice(3 * row, 3 * row + 3);
    const ofGray = weights.reduce((sum, weight) => sum + weight, 0);
    return [...weights.map((weight) => contrast * brightness * weight), (1 - contrast) * brightness * ofGray];
  });
}

/** Weights of the channels in torchvision's gray. */
export const grayWeights = [0.2989, 0.587, 0.114] as const;

// --- internal ---

/** A matrix [3, 3], row by row. */
type Matrix = readonly number[];

/** 1 keeps the color, 0 gives gray. */
function towardsGray(saturation: number): Matrix {
  return [0, 1, 2].flatMap((row) =>
    grayWeights.map((weight, column) => (row === column ? saturation : 0) + (1 - saturation) * weight),
  );
}

/** W3C, Filter Effects Module Level 1, `feColorMatrix` of type `hueRotate`. */
function hueRotation(degrees: number): Matrix {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const constant = [0.213, 0.715, 0.072, 0.213, 0.715, 0.072, 0.213, 0.715, 0.072];
  const ofCos = [0.787, -0.715, -0.072, -0.213, 0.285, -0.072, -0.213, -0.715, 0.928];
  const ofSin = [-0.213, -0.715, 0.928, 0.143, 0.14, -0.283, -0.787, 0.715, 0.072];
  return constant.map((one, index) => one + cos * ofCos[index]! + sin * ofSin[index]!);
}

function product(a: Matrix, b: Matrix): Matrix {
  return [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map((column) => [0, 1, 2].reduce((sum, inner) => sum + a[3 * row + inner]! * b[3 * inner + column]!, 0)),
  );
}
