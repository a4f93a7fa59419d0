/** `testTimeAugmentation` of a report. */
import { z } from 'zod';
import { viewKinds } from '../experiment/test-time-augmentation.ts';

export const viewsReportSchema = z
  .strictObject({
    chosen: z.enum(viewKinds),
    images: z.int().min(1).describe('Number of out-of-fold images that the losses are measured on.'),
    candidates: z
      .array(
        z.strictObject({
          kind: z.enum(viewKinds),
          views: z.int().min(1).describe('Forward passes of each model per image.'),
          logLoss: z.number().min(0).describe('Out-of-fold log loss of the stacker that would be chosen.'),
          excess: z.number().min(0).describe('How much higher it is than the lowest one.'),
          standardError: z
            .number()
            .min(0)
            .nullable()
            .describe('Of this difference on the same images; 0 for the lowest one, null for a single image.'),
        }),
      )
      .describe('In ascending order of their views.'),
  })
  .describe(
    'The kind with the fewest views whose out-of-fold log loss is at most one standard error above the lowest. In runs that balance classes, every class counts equally in the log losses.',
  );

export type ViewsReport = z.output<typeof viewsReportSchema>;
