/** A member: a model of the ensemble, before training. */
import { type BackboneSpec, backboneFamilies, type VariantChoice } from '@chorus/models';
import { z } from 'zod';

/** Also used as a folder name. */
export const memberNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected lower-case letters, digits, ".", "_" or "-" (at most 64)');

export const memberSchema = z.strictObject({
  name: memberNameSchema.describe('Name of the member in reports and folders.'),
  backbone: z.enum(backboneFamilies).describe('Architecture of the member, pre-trained on ImageNet.'),
  alpha: z
    .number()
    .positive()
    .default(1)
    .describe('Width multiplier of the MobileNets; the other backbones have only 1.'),
  variant: z.string().min(1).max(100).optional().describe('Variant of the backbone by its name, in place of `alpha`.'),
  inputSize: z
    .int()
    .min(32)
    .max(1024)
    .optional()
    .describe("Side of this member's images in pixels, if it differs from the experiment's `inputSize`."),
  worker: z
    .int()
    .min(0)
    .optional()
    .describe('Index into `workers`, from 0, of the worker that trains this member; by default any.'),
});

export type MemberSpec = z.output<typeof memberSchema>;

/** Side of a member's images in pixels. */
export function inputSizeOf(member: Pick<MemberSpec, 'inputSize'>, experiment: { inputSize: number }): number {
  return member.inputSize ?? experiment.inputSize;
}

/** A member's architecture. */
export function backboneSpecOf(
  member: Pick<MemberSpec, 'backbone' | 'alpha' | 'variant' | 'inputSize'>,
  experiment: { inputSize: number },
): BackboneSpec {
  return { ...variantChoiceOf(member), inputSize: inputSizeOf(member, experiment) };
}

/** A member's backbone variant, regardless of the input size. */
export function variantChoiceOf({
  backbone: family,
  alpha,
  variant,
}: Pick<MemberSpec, 'backbone' | 'alpha' | 'variant'>): VariantChoice {
  if (variant === undefined) return { family, alpha };
  // An alpha of 1, the default, does not conflict with a variant.
  return alpha === 1 ? { family, variant } : { family, variant, alpha };
}
