/** The student: one small model that learns from the ensemble's out-of-fold probabilities. */
import type { Distillation } from '@chorus/models';
import { z } from 'zod';

/** Name of the student in reports, folders and seeds. */
export const studentName = 'student';

/** How a student learns from the ensemble. */
export const distillationKeys = {
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
