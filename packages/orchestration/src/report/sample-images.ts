/** Draws images for the report to show. */
import { randomFor, shuffle, trainingImages } from '@chorus/data';
import type { Dataset } from '../run/dataset.ts';
import type { Report } from './schema.ts';

/** Images of a class, and classes with images, at most: more would not fit on a page. */
const [mostImages, mostClasses] = [8, 48];

/** Training images of each class, drawn by the seed, in the order of the classes. */
export function sampleImages(
  { classes, images, split }: Pick<Dataset, 'classes' | 'images' | 'split'>,
  seed: number,
): Report['dataset']['sample'] {
  const byLabel = classes.slice(0, mostClasses).map((): number[] => []);
  for (const index of trainingImages(split)) byLabel[images[index]!.label]?.push(index);
  const random = randomFor(seed, 'sample');
  return byLabel.map((own, label) => ({
    class: classes[label]!,
    paths: shuffle(own, random)
      .slice(0, mostImages)
      .map((index) => images[index]!.relativePath),
  }));
}
