/** The schema of the report's section on a run's time budget. */
import { stageNameSchema } from '@chorus/training';
import { z } from 'zod';
import { chosenMemberSchema, leftOutSchema, rankingSchema, reducedSizeSchema } from '../budget/budget-file.ts';

export const timeBudgetReportSchema = z.strictObject({
  seconds: z.number().positive().describe('The budget.'),
  spentSeconds: z.number().min(0).describe('Wall time of the run, with the time before it was resumed.'),
  note: z.string(),
  ranking: rankingSchema
    .nullable()
    .describe(
      'Leave-one-out accuracy of nearest neighbors on frozen features of training images, which decided what to keep and to fine-tune; null if nothing was ranked.',
    ),
  reducedSizes: z.array(reducedSizeSchema).describe('Members with smaller images than in the experiment, pixels.'),
  members: z.array(chosenMemberSchema).describe('What was planned: stages and their largest numbers of epochs.'),
  leftOut: z
    .array(leftOutSchema)
    .describe('Members of the experiment that did not fit, and how much longer the run would have taken.'),
  cut: z
    .array(z.string())
    .describe(
      'Members that were planned, but not trained on every fold before the time was up; they are not in the ensemble.',
    ),
  endedEarly: z
    .array(
      z.strictObject({
        name: z.string(),
        fold: z.string(),
        stage: stageNameSchema,
        epochCount: z.int().min(0),
      }),
    )
    .describe('Stages that ended because the time was up, and their numbers of whole epochs.'),
});

export type TimeBudgetReport = z.output<typeof timeBudgetReportSchema>;
