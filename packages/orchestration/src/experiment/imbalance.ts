/** What to do about classes of unequal size. */
import { z } from 'zod';

const settingsSchemas = [
  z.strictObject({
    kind: z.literal('focal').describe('Class weights, and the focal loss (Lin et al. 2017).'),
    gamma: z
      .number()
      .min(0)
      .max(10)
      .default(2)
      .describe('How much less images count that are classified well: their loss is multiplied by (1 − p)^γ.'),
  }),
  z.strictObject({
    kind: z
      .literal('logit-adjustment')
      .describe('Adds the logarithms of the class frequencies to the logits in the training loss (Menon et al. 2021).'),
    tau: z
      .number()
      .positive()
      .max(10)
      .default(1)
      .describe('Factor of the logarithms; with 1, predictions are those for equally frequent classes.'),
  }),
] as const;

const plainKinds = ['none', 'class-weights', 'balanced-sampling'] as const;
const kinds = [...plainKinds, 'focal', 'logit-adjustment'] as const;

/** A remedy with all of its settings; `none` leaves everything as it is. */
export const remedySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(plainKinds) }),
  ...settingsSchemas,
]);

export type Remedy = z.output<typeof remedySchema>;

export const imbalanceSchema = z.union([z.enum(['auto', ...kinds]), z.discriminatedUnion('kind', settingsSchemas)], {
  error: `expected "auto", ${kinds.map((kind) => `"${kind}"`).join(', ')}, { kind: "focal", gamma } or { kind: "logit-adjustment", tau }`,
});

export type ImbalanceChoice = z.output<typeof imbalanceSchema>;

/** The remedy that a choice stands for; undefined for `auto`. */
export function remedyOf(choice: ImbalanceChoice): Remedy | undefined {
  if (choice === 'auto') return undefined;
  return typeof choice === 'string' ? remedySchema.parse({ kind: choice }) : choice;
}
