/** The part of an image that the model sees, and how it is turned: one projective transform. */
import { between, type Draws } from './draws.ts';
import type { AugmentationSettings } from './settings.ts';
import type { Transform } from './transform.ts';

/** A crop that is enlarged to the size of the image, and then rotated and sheared about its center. */
export interface View {
  /** Sides and corner of the crop, as shares of the image's sides. */
  crop: { left: number; top: number; width: number; height: number };
  /** Clockwise, in degrees. */
  rotation: number;
  /** Horizontal, in degrees. */
  shear: number;
}

/** Draws a view; crops have the distribution of torchvision's RandomResizedCrop, except that every crop fits. */
export function drawView(settings: AugmentationSettings, draws: Draws): View {
  const area = between(settings.cropArea, 1, draws.cropArea);
  // A crop of area a fits if its aspect ratio is between a and 1 / a.
  const largest = Math.min(Math.log(settings.cropRatio), -Math.log(area));
  const ratio = Math.exp(between(-largest, largest, draws.cropRatio));
  const width = Math.min(1, Math.sqrt(area * ratio));
  const height = Math.min(1, Math.sqrt(area / ratio));
  return {
    crop: { left: (1 - width) * draws.cropLeft, top: (1 - height) * draws.cropTop, width, height },
    rotation: between(-settings.rotation, settings.rotation, draws.rotation),
    shear: between(-settings.shear, settings.shear, draws.shear),
  };
}

/**
 * The transform from output to input pixels.
 *
 * @param size side of the images in pixels.
 */
export function transformOf({ crop, rotation, shear }: View, size: number): Transform {
  const angle = (rotation * Math.PI) / 180;
  const [sin, cos, tan] = [Math.sin(angle), Math.cos(angle), Math.tan((shear * Math.PI) / 180)];
  // torchvision's inverse affine matrix, after which coordinates are scaled to the crop.
  const [a, b] = [crop.width * (cos - sin * tan), crop.width * (cos * tan + sin)];
  const [c, d] = [crop.height * -sin, crop.height * cos];
  // Pixel centers are at integer coordinates.
  const center = (size - 1) / 2;
  const x = size * (crop.left + crop.width / 2) - 0.5;
  const y = size * (crop.top + crop.height / 2) - 0.5;
  return [a, b, x - (a + b) * center, c, d, y - (c + d) * center];
}
