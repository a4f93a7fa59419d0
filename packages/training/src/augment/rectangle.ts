/** Rectangles of an image. */
import { between, type Draws } from './draws.ts';
import type { AugmentationSettings } from './settings.ts';

/** In whole pixels; `bottom` and `right` are excluded. */
export type Rectangle = readonly [top: number, left: number, bottom: number, right: number];

export const noRectangle: Rectangle = [0, 0, 0, 0];

export function areaOf([top, left, bottom, right]: Rectangle): number {
  return (bottom - top) * (right - left);
}

/**
 * Draws the rectangle to erase, with the distribution of torchvision's RandomErasing: 2 to 33 % of the image, with an aspect
 * ratio of 0.3 to 3.3.
 *
 * @param size side of the image in pixels.
 */
export function drawErased({ erase }: Pick<AugmentationSettings, 'erase'>, draws: Draws, size: number): Rectangle {
  if (draws.erase >= erase) return noRectangle;
  const area = between(0.02, 0.33, draws.eraseArea);
  const ratio = Math.exp(between(Math.log(0.3), Math.log(3.3), draws.eraseRatio));
  const sideOf = (share: number) => Math.min(size, Math.round(size * Math.sqrt(share)));
  const [height, width] = [sideOf(area * ratio), sideOf(area / ratio)];
  const [top, left] = [startOf(size - height, draws.eraseTop), startOf(size - width, draws.eraseLeft)];
  return [top, left, top + height, left + width];
}

// --- internal ---

/** One of 0 … last, each with the same probability. */
function startOf(last: number, draw: number): number {
  return Math.floor((last + 1) * draw);
}
