/** Augmented copies of training images, whose outputs of frozen layers are kept. */
import type { RandomAugmentation } from './augment/settings.ts';

export interface CachedCopies {
  /** Copies of each image, in addition to the image itself and its mirror image. */
  count: number;
  /** What differs between the copies; mixes no images. */
  augmentation: RandomAugmentation;
}

/** Copies that are drawn from a seed. */
export interface DrawnCopies extends CachedCopies {
  seed: number;
}

/**
 * The version of each image that an epoch trains on: 0 for the image itself, n for its copy n. An image has each of its versions
 * once in `count + 1` epochs, and every epoch has about equally many images of each version.
 *
 * @param epoch `copies`: how often each image has already occurred in the epoch, by default 0; then it has its next version.
 */
export function versionsOf(
  indices: Uint32Array,
  { count }: Pick<CachedCopies, 'count'>,
  { epochIndex, copies }: { epochIndex: number; copies?: ArrayLike<number> },
): Uint8Array {
  return Uint8Array.from(indices, (image, position) => (image + epochIndex + (copies?.[position] ?? 0)) % (count + 1));
}
