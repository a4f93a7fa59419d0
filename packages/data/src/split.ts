/** Which image is for what: drawn from a seed, spread evenly over the classes, every image in exactly one part. */
import { DataError } from './errors.ts';
import type { ImageFolder } from './image-folder.ts';
import { randomFor, shuffle } from './shuffle.ts';

/** `fit` for gradients, `tune` for early stopping, `stack` for the stacker, `test` for the report. */
export const splitNames = ['fit', 'tune', 'stack', 'test'] as const;
export type SplitName = (typeof splitNames)[number];

/** Ascending indices into the images. */
export type ImageSplit = Record<SplitName, Uint32Array>;

export interface SplitShares {
  /** Of the images that are not given as test images by their folder. */
  tune: number;
  stack: number;
  /** Of all images; unused where a `validation` or `test` folder is the test set. */
  test: number;
}

/**
 * Draws the split. The same seed and names give the same split, whatever the order of the images.
 *
 * @throws DataError when a class has fewer images than the parts need: one in each.
 */
export function splitImages(
  { images, classes, root }: Pick<ImageFolder, 'images' | 'classes' | 'root'>,
  { seed, shares }: { seed: number; shares: SplitShares },
): ImageSplit {
  const parts: Record<SplitName, number[]> = { fit: [], tune: [], stack: [], test: [] };
  const hasTestFolder = images.some(({ folder }) => isTestFolder(folder));
  for (const [label, name] of classes.entries()) {
    const ofClass = [...images.entries()].filter(([, image]) => image.label === label);
    const given = ofClass.filter(([, { folder }]) => isTestFolder(folder)).map(([index]) => index);
    const drawn = ofClass
      .filter(([, { folder }]) => !isTestFolder(folder))
      .toSorted(([, a], [, b]) => (a.relativePath < b.relativePath ? -1 : 1))
      .map(([index]) => index);
    shuffle(drawn, randomFor(seed, `split ${name}`));
    parts.test.push(...given);
    const wanted = hasTestFolder ? { tune: shares.tune, stack: shares.stack } : shares;
    const needed = Object.keys(wanted).length + 1;
    if (drawn.length < needed)
      throw new DataError(
        `Expected at least ${needed} images of class "${name}" to ${hasTestFolder ? 'train on' : 'train and test on'} in ${root}, received ${drawn.length}.`,
      );
    const total = drawn.length;
    for (const [part, share] of Object.entries(wanted) as [SplitName, number][])
      parts[part].push(...drawn.splice(0, Math.max(1, Math.round(share * total))));
    if (drawn.length === 0)
      throw new DataError(`No image of class "${name}" is left to fit; lower split.tune, split.stack or split.test.`);
    parts.fit.push(...drawn);
  }
  const ascending = (indices: number[]) => Uint32Array.from(indices).sort();
  return {
    fit: ascending(parts.fit),
    tune: ascending(parts.tune),
    stack: ascending(parts.stack),
    test: ascending(parts.test),
  };
}

// --- internal ---

function isTestFolder(folder: string | null): boolean {
  return folder === 'validation' || folder === 'test';
}
