/** Which images a run trained and tested on, by their content; a bundle keeps this to tell them from new images. */
import { type ImageSplit, trainingImages } from '@chorus/data';
import { z } from 'zod';

/** 64 bits of SHA-256, as 16 hexadecimal digits: enough to rule out chance collisions. */
const contentSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const runImagesSchema = z.strictObject({
  /** Every image that a fold, a stacker or early stopping looked at, and no test image; sorted, one entry per image. */
  training: z.array(contentSchema),
  /** The images that the report's figures are of; sorted, one entry per image. */
  test: z.array(contentSchema),
});

export type RunImages = z.output<typeof runImagesSchema>;

/** What stands for an image in {@link RunImages}. */
export function contentOf(sha256: string): string {
  return sha256.slice(0, 16);
}

/** @param sha256 of each image's bytes; null for an image that was skipped, which no set has. */
export function runImagesOf(split: ImageSplit, sha256: readonly (string | null)[]): RunImages {
  const contents = (indices: Uint32Array) =>
    Array.from(indices, (index) => sha256[index]!)
      .map(contentOf)
      .toSorted();
  return { training: contents(trainingImages(split)), test: contents(split.test) };
}
