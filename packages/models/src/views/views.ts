/** Test-time augmentation: the views of an image that a prediction averages. */
import { z } from 'zod';

/** Kinds that average crops, too. */
export const cropKinds = ['zoom', 'scales', 'five-crops'] as const;
export type CropKind = (typeof cropKinds)[number];

/**
 * What a prediction averages: `false`, the image alone; `true`, the image and its mirror image; `zoom`, the image and the mirror
 * image of its middle, enlarged by 4/3; `scales`, the image and its middle, enlarged by 8/7 and by 4/3; `five-crops`, the image, its
 * middle and its corners, enlarged by 8/7. With the last two, each part counts together with its mirror image.
 */
export type TestTimeAugmentation = boolean | CropKind;

/** As bundles and plans store it. */
export const testTimeAugmentationSchema = z.union([z.boolean(), z.enum(cropKinds)]);

/** A square part of an image, in eighths of the image's side. */
export interface Crop {
  left: number;
  top: number;
  side: number;
}

export interface View {
  /** The part of the image that is enlarged to the size of the image; null for the whole image. */
  crop: Crop | null;
  /** Whether it is flipped horizontally. */
  mirror: boolean;
}

/**
 * The views of an image, in the order in which their outputs are averaged.
 *
 * @example
 * viewsOf(true); // the image and its mirror image
 */
export function viewsOf(kind: TestTimeAugmentation): readonly View[] {
  if (kind === false) return [whole];
  if (kind === 'zoom') return [whole, { crop: closer, mirror: true }];
  return partsOf(kind).flatMap((crop) => [false, true].map((mirror) => ({ crop, mirror })));
}

/** The views of any of the kinds, each once, the image and its mirror image first. */
export function unionOfViews(kinds: readonly TestTimeAugmentation[]): readonly View[] {
  return kinds
    .flatMap(viewsOf)
    .filter((view, index, all) => all.findIndex((other) => isSameView(other, view)) === index);
}

/** The positions of views in a list that contains them. */
export function positionsOf(views: readonly View[], all: readonly View[]): number[] {
  return views.map((view) => {
    const position = all.findIndex((other) => isSameView(other, view));
    if (position === -1) throw new Error(`no view ${JSON.stringify(view)} among ${all.length}`);
    return position;
  });
}

/** The image as it is. */
export const whole: View = { crop: null, mirror: false };

// --- internal ---

/** In eighths: 7 of 8 is the usual share, as AlexNet's 224 of 256 pixels. */
const middle: Crop = { left: 0.5, top: 0.5, side: 7 };
const closer: Crop = { left: 1, top: 1, side: 6 };
const corners: readonly Crop[] = [0, 1].flatMap((top) => [0, 1].map((left) => ({ left, top, side: 7 })));

function partsOf(kind: true | 'scales' | 'five-crops'): readonly (Crop | null)[] {
  if (kind === true) return [null];
  return kind === 'scales' ? [null, middle, closer] : [null, middle, ...corners];
}

function isSameView(one: View, other: View): boolean {
  if (one.mirror !== other.mirror) return false;
  if (one.crop === null || other.crop === null) return one.crop === other.crop;
  const [{ left, top, side }, same] = [one.crop, other.crop];
  return left === same.left && top === same.top && side === same.side;
}
