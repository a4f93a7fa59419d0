import type { Policy } from './policy.ts';

/** What a random augmentation changes, and by how much. With {@link unchanged}, it changes nothing. */
export interface AugmentationSettings {
  /** Whether images are flipped horizontally, with probability one half. */
  flip: boolean;
  /** Area of the smallest crop, as a share of the image, in (0, 1]. */
  cropArea: number;
  /** Largest aspect ratio of a crop, at least 1; its inverse is the smallest one. */
  cropRatio: number;
  /** Largest angle of rotation, in degrees. */
  rotation: number;
  /** Largest angle of the horizontal shear, in degrees, below 90. */
  shear: number;
  /** Largest changes of the factors of torchvision's ColorJitter, in [0, 1]. */
  brightness: number;
  contrast: number;
  saturation: number;
  /** Largest rotation of the hue, in degrees. */
  hue: number;
  /** Share of the images that lose their color. */
  gray: number;
  /** Share of the images that are blurred. */
  blur: number;
  /** Share of the images of which a rectangle is erased. */
  erase: number;
  /** α of the distribution Beta(α, α) of the shares of two images that are blended (mixup), at most 1; 0: none. */
  mixup: number;
  /** α of the distribution Beta(α, α) of the area that a rectangle of another image leaves (cutmix), at most 1; 0: none. */
  cutmix: number;
  /** Random operations in addition to the changes above; null: none. */
  policy: Policy | null;
}

/** Settings as a kind of augmentation. */
export type RandomAugmentation = { kind: 'random' } & AugmentationSettings;

export const unchanged: AugmentationSettings = {
  ...{ flip: false, cropArea: 1, cropRatio: 1, rotation: 0, shear: 0 },
  ...{ brightness: 0, contrast: 0, saturation: 0, hue: 0, gray: 0 },
  ...{ blur: 0, erase: 0, mixup: 0, cutmix: 0, policy: null },
};

/** Whether images are cropped, rotated or sheared. */
export function movesPixels({ cropArea, rotation, shear, policy }: AugmentationSettings): boolean {
  return policy !== null || cropArea < 1 || rotation > 0 || shear > 0;
}

/** Whether colors change. */
export function changesColors({ brightness, contrast, saturation, hue, gray, policy }: AugmentationSettings): boolean {
  return policy !== null || [brightness, contrast, saturation, hue, gray].some((one) => one > 0);
}

/** Whether each image is mixed with another one, and with its label. */
export function mixesImages({ mixup, cutmix }: Pick<AugmentationSettings, 'mixup' | 'cutmix'>): boolean {
  return mixup > 0 || cutmix > 0;
}
