/** The images that a run trained and tested on, by their content; a bundle stores them to recognize new images. */
import { type ImageSplit, trainingImages } from '@chorus/data';
import { z } from 'zod';

/** 64 bits of SHA-256, as 16 hexadecimal digits: enough to rule out chance collisions. */
const contentSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const runImagesSchema = z.strictObject({
  /** Every image that was used to fit members or stackers or for early stopping; sorted, one entry per image. */
  training: z.array(contentSchema),
  /** The images that the report's test scores are computed on; sorted, one entry per image. */
  test: z.array(contentSchema),
});

export type RunImages = z.output<typeof runImagesSchema>;

/** An image's entry in {@link RunImages}. */
export function contentOf(sha256: string): string {
  return sha256.slice(0, 16);
}

/** @param sha256 hash of each image's bytes; null for a skipped image, which is not in the split. */
export function runImagesOf(split: ImageSplit, sha256: readonly (string | null)[]): RunImages {
  const contents = (indices: Uint32Array) =>
    Array.from(indices, (index) => sha256[index]!)
      .map(contentOf)
      .toSorted();
  return { training: contents(trainingImages(split)), test: contents(split.test) };
}
