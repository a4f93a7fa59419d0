import { z } from 'zod';
import { remedySchema } from '../experiment/imbalance.ts';

/** In `report.json`: classes of unequal size, and what was done about them. */
export const imbalanceReportSchema = z.strictObject({
  classes: z.array(z.strictObject({ name: z.string(), count: z.int().min(0) })).describe('Numbers of training images.'),
  ratio: z.number().min(1).describe('The number of images of the largest class divided by that of the smallest.'),
  remedy: remedySchema.describe(
    'With any but `none`, probabilities are those for equally frequent classes: members are trained, stopped, combined and chosen by losses in which every class counts equally. All scores are measured on the images as they are.',
  ),
  reason: z.string().describe('Why this remedy.'),
});
