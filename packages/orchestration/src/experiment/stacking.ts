/** `stacking` of an experiment. */
import { z } from 'zod';

/** The source of the predictions that the stackers are trained on. */
export const stackingSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('holdout').describe('Stackers train on a share of the images that no member trains on.'),
      fraction: z.number().gt(0).lt(1).default(0.1).describe('Share of the images held out for the stackers.'),
    }),
    z.strictObject({
      kind: z
        .literal('kfold')
        .describe(
          'Stackers train on all training images: each member is trained once per fold and predicts that fold.',
        ),
      folds: z.int().min(2).max(20).default(5).describe('Number of folds.'),
      members: z
        .enum(['refit', 'average'])
        .default('refit')
        .describe(
          "The bundle's members: trained once more on all images (`refit`), or the mean of the folds' models (`average`).",
        ),
    }),
    z.strictObject({
      kind: z
        .literal('training-images')
        .describe(
          "A flaw: stackers train on the members' own training images, on which their predictions are too accurate.",
        ),
    }),
  ],
  {
    error: 'expected { kind: "holdout", fraction }, { kind: "kfold", folds, members } or { kind: "training-images" }',
  },
);

export type Stacking = z.output<typeof stackingSchema>;
