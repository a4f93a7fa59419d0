/** The manifest of a saved member, stored as JSON beside its weights. */
import { z } from 'zod';
import { backboneFamilies } from '../backbones/table.ts';
import { tensorEncodings } from './tensor-encoding.ts';

const largest = 0x7fffffff;
const byteCount = z.int().min(0).max(largest);
const side = z.int().min(1).max(largest);

const tensorSchema = z.strictObject({
  /** `layer/weight`, such as `Conv1/kernel`. */
  name: z.string().min(1).max(200),
  shape: z.array(side).max(6),
  /** Byte offset in the weights. */
  offset: byteCount,
  byteLength: byteCount,
  /** How its numbers are stored; omitted for float32. */
  encoding: z.enum(tensorEncodings).optional(),
});

/** Far beyond any network's numbers, and far from the end of float32. */
const rangeEnd = z.number().min(-1e30).max(1e30);

const rangeSchema = z.strictObject({
  /** A layer, or a part of one, such as `conv_pw_1_relu`. */
  value: z.string().min(1).max(200),
  min: rangeEnd,
  max: rangeEnd,
});

/** A member's manifest. It has no checksum of the weights: the bundle keeps one for every file. */
export const memberManifestSchema = z
  .strictObject({
    format: z.literal('chorus-member'),
    version: z.literal(1),
    /** As in a `BackboneSpec`: a variant by its name, or by its width (`alpha`). */
    backbone: z.strictObject({
      family: z.enum(backboneFamilies),
      variant: z.string().max(100).optional(),
      alpha: z.number().optional(),
      inputSize: z.int(),
    }),
    /** Name of the preprocessing of raw pixels. */
    preprocessing: z.string().max(100),
    classes: z.array(z.string().max(1000)).min(2).max(100_000),
    /** Logits per image: 1 for two classes (the second's), else one per class. */
    outputCount: z.int().min(1),
    dropout: z.number().min(0).lt(1),
    /** Of the model's numbers, whatever encoding stores them. */
    dtype: z.literal('float32'),
    /** Contiguous, without gaps. */
    tensors: z.array(tensorSchema).min(1).max(10_000),
    /** The ranges of the backbone's values on images, with which onnxruntime computes with 8-bit integers; omitted for float32. */
    ranges: z
      .array(rangeSchema.refine(({ min, max }) => min <= max, 'min must be at most max'))
      .min(1)
      .max(10_000)
      .refine((ranges) => new Set(ranges.map(({ value }) => value)).size === ranges.length, 'values must differ')
      .optional(),
  })
  .refine(({ classes }) => new Set(classes).size === classes.length, 'classes must differ')
  .refine(
    ({ classes, outputCount }) => outputCount === (classes.length === 2 ? 1 : classes.length),
    'outputCount must be 1 for two classes, otherwise the number of classes',
  );

export type MemberManifest = z.output<typeof memberManifestSchema>;
export type MemberTensor = z.output<typeof tensorSchema>;
export type ActivationRange = z.output<typeof rangeSchema>;
