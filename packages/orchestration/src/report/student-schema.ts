/** The report's section about the student. */
import { scoreSchema } from '@chorus/evaluation';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** What a classifier costs. */
const costSchema = z.strictObject({
  parameters: count.describe('Numbers in the weights of its models.'),
  bytes: count.describe('Size of the weights of its models in the bundle.'),
  millisecondsPerImage: z
    .number()
    .min(0)
    .nullable()
    .describe(
      'Time of its models in the test, per image on one lane, including building them and all views of `testTimeAugmentation`; null if it was not measured.',
    ),
});

/** Parts of the section in addition to those that a member has. */
export const studentParts = {
  temperature: z.number().min(1),
  labelShare: share,
  test: scoreSchema.nullable().describe('Score on the test images; null if its training failed.'),
  comparison: z
    .strictObject({
      against: z.string().describe('The chosen stacker.'),
      accuracyDifference: z.number().min(-1).max(1).describe("The student's accuracy minus the ensemble's."),
      onlyStudent: count.describe('Test images that only the student classifies correctly.'),
      onlyEnsemble: count.describe('Test images that only the ensemble classifies correctly.'),
      p: share.describe('p-value of the exact McNemar test.'),
      logLoss: z
        .strictObject({ difference: z.number(), interval: z.tuple([z.number(), z.number()]) })
        .nullable()
        .describe(
          "The student's log loss minus the ensemble's, with a 95 % interval over 1,000 stratified resamples of the test images.",
        ),
    })
    .nullable()
    .describe('Student and ensemble on the same test images; null if its training failed.'),
  cost: z
    .strictObject({ student: costSchema, ensemble: costSchema })
    .nullable()
    .describe('Size and time of the student and of the whole ensemble; null if its training failed.'),
};
