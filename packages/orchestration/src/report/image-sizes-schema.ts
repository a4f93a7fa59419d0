/** Formats and sizes of a data set's images, in a check and in a report. */
import { z } from 'zod';

const count = z.int().min(0);
/** Width and height in pixels, after applying the EXIF orientation. */
const dimensions = z.tuple([z.int().min(1), z.int().min(1)]);

export const formatsSchema = z.record(z.string(), count).describe('Usable images per format.');

export const dimensionsSchema = z
  .strictObject({
    smallest: dimensions,
    median: dimensions,
    largest: dimensions,
    belowInputSize: count.describe('Images whose shorter side is below the largest input size; they are enlarged.'),
    elongated: count.describe(
      'Images whose longer side is more than three times the shorter one; they are resized to a square.',
    ),
  })
  .describe('Of the usable images, ordered by their number of pixels; null if there are none.');

/** `dataset.sizes` of a report. */
export const imageSizesSchema = z.strictObject({
  formats: formatsSchema,
  dimensions: dimensionsSchema,
  shorterSides: z
    .array(z.strictObject({ from: z.int().min(1), to: z.int().min(1), count }))
    .describe('Numbers of images by their shorter side in pixels, in steps of √2; `to` is included.'),
});
export type ImageSizes = z.output<typeof imageSizesSchema>;
