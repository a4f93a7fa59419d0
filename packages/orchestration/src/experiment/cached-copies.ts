/** Augmented copies of training images for stages with frozen layers. */
import type { Augmentation, CachedCopies } from '@chorus/training';
import { z } from 'zod';
import { type AugmentationChoice, augmentationOf } from './augmentation.ts';

export const cachedCopiesSchema = z
  .int()
  .min(0)
  .max(64)
  .default(0)
  .describe(
    'Augmented copies of each training image for stages with frozen layers, whose outputs are computed once per copy and kept: epochs train on the image and its copies in turn. Copies are not mixed with other images. 0: these stages only flip images.',
  );

/** What is wrong with cached copies; undefined if nothing. */
export function cachedCopiesMistake({
  cachedCopies,
  augmentation,
}: {
  cachedCopies: number;
  augmentation: AugmentationChoice;
}): string | undefined {
  if (cachedCopies === 0 || augmentationOf(augmentation).kind === 'random') return undefined;
  return `expected 0 with the augmentation "${augmentation}", which changes no more than flips; choose another recipe.augmentation, such as "light"`;
}

/**
 * The copies that a stage with frozen layers can use.
 *
 * @returns undefined if it uses none: a stage of n epochs has each image n times.
 */
export function cachedCopiesOf(
  augmentation: Augmentation,
  { cachedCopies, epochCount }: { cachedCopies: number; epochCount: number },
): CachedCopies | undefined {
  const count = Math.min(cachedCopies, epochCount - 1);
  if (count <= 0 || augmentation.kind !== 'random') return undefined;
  // The labels of kept copies are those of the images.
  return { count, augmentation: { ...augmentation, mixup: 0, cutmix: 0 } };
}
