import type { Case } from './cases.ts';
import { uniformFrom } from './uniform.ts';

/** Training images of one draw, by their index in the pool. */
export interface Draw {
  /** Ascending. */
  images: number[];
  /** The labels to train with, some of which are wrong if the case says so. */
  labels: number[];
  /** Indices of the images with wrong labels. */
  mislabeled: number[];
}

/** The smallest number of images of a class with which five folds can be trained. */
const fewestImages = 7;

/**
 * Draws training images: of class c, as many as a geometric series from the largest class to the smallest one has.
 *
 * @param labels the true class of each image of the pool.
 * @param seed different seeds give independent draws.
 */
export function drawImages(
  labels: readonly number[],
  { perClass, imbalance, noise }: Pick<Case, 'perClass' | 'imbalance' | 'noise'>,
  seed: number,
): Draw {
  const random = uniformFrom(seed);
  const classCount = Math.max(...labels) + 1;
  const drawn = Array.from({ length: classCount }, (_, label) => {
    const count = Math.max(fewestImages, Math.round(perClass * imbalance ** (-label / (classCount - 1))));
    const images = shuffled(
      labels.flatMap((one, image) => (one === label ? [image] : [])),
      random,
    );
    if (images.length < count)
      throw new Error(`Expected at least ${count} images of class ${label}, received ${images.length}.`);
    return images.slice(0, count);
  });
  const images = drawn.flat().toSorted((a, b) => a - b);
  const mislabeled = shuffled(images, random)
    .slice(0, Math.round(noise * images.length))
    .toSorted((a, b) => a - b);
  const wrong = new Map(
    mislabeled.map((image) => [image, (labels[image]! + 1 + Math.floor(random() * (classCount - 1))) % classCount]),
  );
  return { images, labels: images.map((image) => wrong.get(image) ?? labels[image]!), mislabeled };
}

// --- internal ---

function shuffled(values: readonly number[], random: () => number): number[] {
  const all = [...values];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}
