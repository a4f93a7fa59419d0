/** `costs` and `pruning` of a report. */
import { z } from 'zod';

const nats = z.number().min(0);

const costSchema = z.strictObject({
  parameters: z.int().min(0),
  megabytes: z.number().min(0).describe('Size of the weights in the bundle: 10⁶ bytes.'),
  passes: z
    .int()
    .min(1)
    .optional()
    .describe('Forward passes per image: of each model, one for each view of test-time augmentation.'),
  work: z
    .number()
    .min(0)
    .describe("Estimated work of a prediction, as a share of that of all trained members: their backbones' costs."),
  milliseconds: z
    .number()
    .min(0)
    .nullable()
    .describe('Time of a lane per test image, as measured in the test of this run; null if it was not tested.'),
});

export const costsSchema = z
  .strictObject({
    members: z.array(z.strictObject({ name: z.string(), ...costSchema.shape })),
    ensemble: costSchema,
  })
  .describe('What a prediction costs, with all models of a member and with test-time augmentation.');

export const pruningSchema = z
  .strictObject({
    maxMembers: z.int().nullable(),
    maxMegabytes: z.number().nullable(),
    kept: z.array(z.string()),
    dropped: z.array(z.string()).describe('Trained members that are neither tested nor in the bundle.'),
    meanLogLoss: z
      .strictObject({ all: nats, kept: nats })
      .describe("Out-of-fold log loss of the mean of the members' probabilities, by which they were selected."),
    stackerLogLoss: z
      .strictObject({ all: nats, kept: nats })
      .describe('Out-of-fold log loss of the chosen stacker, fitted on all members and on those that were kept.'),
  })
  .describe(
    'The members that were dropped before the test. In runs that balance classes, every class counts equally in the log losses.',
  );

export type CostsReport = z.output<typeof costsSchema>;
export type PruningReport = z.output<typeof pruningSchema>;
