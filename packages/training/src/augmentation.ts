/** Random augmentation of training images. */
import { epochBatches, type ImageBatch } from '@chorus/data';
import { drawParameters } from './augment/parameters.ts';
import type { RandomAugmentation } from './augment/settings.ts';
import { type CachedCopies, versionsOf } from './cached-copies.ts';

export type Augmentation =
  | { kind: 'none' }
  /** Flips images horizontally with probability one half. */
  | { kind: 'flip' }
  /** Changes the pixels in the training step, so that outputs of frozen layers cannot be kept. */
  | RandomAugmentation;

/** Images of a training step. */
export interface AugmentedBatch extends ImageBatch {
  /** [images, parameterCount], with an augmentation of kind `random`. */
  parameters?: Float32Array;
  /** Which version of each image: 0 for the image itself, n for its copy n. Omitted: the images themselves. */
  versions?: Uint8Array;
  /** [images, classes], if the stage has a teacher: its probabilities. */
  teacher?: Float32Array;
}

/**
 * One epoch of augmented batches. The seed and the epoch determine order and augmentation; each copy of an image that is in `fit`
 * several times is augmented in its own way. A new kind of augmentation needs a case here and in {@link viewsPerImage}.
 *
 * @param size side of the images in pixels.
 */
export function* augmentedBatches(
  fit: Uint32Array,
  stage: { augmentation: Augmentation; cachedCopies?: CachedCopies; batchSize: number; wholeBatchesOnly: boolean },
  { seed, epochIndex, size }: { seed: number; epochIndex: number; size: number },
): Generator<AugmentedBatch> {
  const { augmentation, cachedCopies, batchSize, wholeBatchesOnly } = stage;
  const order = { batchSize, seed, epochIndex, shuffle: true, wholeBatchesOnly };
  const copyOf = countCopies();
  for (const batch of epochBatches(fit, { ...order, flip: flips(augmentation) })) {
    const copies = batch.indices.map(copyOf);
    if (cachedCopies !== undefined)
      yield { ...batch, versions: versionsOf(batch.indices, cachedCopies, { epochIndex, copies }) };
    else if (augmentation.kind !== 'random') yield batch;
    else
      yield { ...batch, parameters: drawParameters(augmentation, batch.indices, { seed, epochIndex, size, copies }) };
  }
}

/** The part of an augmentation that is possible on kept activations of frozen layers. */
export function flipsOf(augmentation: Augmentation): Augmentation {
  return { kind: flips(augmentation) ? 'flip' : 'none' };
}

/** Number of variants of an image that augmentation can produce, each of which has a row in an activation cache. */
export function viewsPerImage(augmentation: Augmentation): 1 | 2 {
  return flips(augmentation) ? 2 : 1;
}

/** Whether images are flipped at random. */
export function flips(augmentation: Augmentation): boolean {
  return augmentation.kind === 'random' ? augmentation.flip : augmentation.kind === 'flip';
}

// --- internal ---

/** Numbers the copies of each image, from 0. */
function countCopies(): (image: number) => number {
  const counts = new Map<number, number>();
  return (image) => {
    const copy = counts.get(image) ?? 0;
    counts.set(image, copy + 1);
    return copy;
  };
}
