/** The student: one small model that learns from the ensemble's out-of-fold probabilities. */
import type { Distillation } from '@chorus/models';
import { z } from 'zod';
import { type MemberSpec, memberSchema } from './member.ts';
import { recipeSchema } from './recipe.ts';

/** Name of the student in reports, folders and seeds. */
export const studentName = 'student';

/** How a student learns from the ensemble. */
const distillationKeys = {
  temperature: z
    .number()
    .min(1)
    .max(20)
    // docs/training.md has the measurement.
    .default(2)
    .describe(
      "Temperature of the ensemble's and the student's probabilities in the loss; above 1, the student also learns how improbable the other classes are.",
    ),
  labelShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      "Share of the labels' cross-entropy in the loss; the rest is the divergence from the ensemble. With 1, the student learns from the labels alone.",
    ),
} satisfies Record<keyof Distillation, z.ZodType>;

export const studentSchema = z.strictObject({
  ...memberSchema.pick({ backbone: true, alpha: true, variant: true, inputSize: true }).shape,
  ...distillationKeys,
  recipe: recipeSchema
    .optional()
    .describe("How the student is trained; keys that are not set here are those of the experiment's `recipe`."),
});

export type StudentSpec = z.output<typeof studentSchema>;

/** What a student has that names only its backbone. */
const { backbone: _, ...defaults } = studentSchema.parse({ backbone: 'mobilenet' });
export const studentDefaults: Readonly<Record<string, unknown>> = defaults;

/** The student as a member. */
export function studentAsMember({ backbone, alpha, variant, inputSize }: StudentSpec): MemberSpec {
  return { name: studentName, ...{ backbone, alpha, variant, inputSize } };
}
