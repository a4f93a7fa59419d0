/** `analysis.calibration` of a report. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const logLoss = z.number().min(0);

const scoresSchema = z.strictObject({
  error: share.describe('Expected calibration error (Guo et al. 2017) in 15 bins.'),
  brier: z.number().min(0).nullable(),
  logLoss,
});

const steps = z.strictObject({
  before: scoresSchema.describe("The chosen stacker's probabilities."),
  after: scoresSchema.describe('The same probabilities, scaled with the temperature.'),
  vector: scoresSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe('The same probabilities, with the scale and the bias of each class; null if they were not fitted.'),
});

const binsSchema = z.array(
  z.strictObject({
    ...{ from: share, to: share, count: z.int().min(0) },
    confidence: z.number().nullable(),
    accuracy: share.nullable(),
  }),
);

export const calibrationSectionSchema = z
  .strictObject({
    applied: z
      .enum(['none', 'temperature', 'vector'])
      // Earlier versions only measured.
      .default('none')
      .describe("The ensemble's calibration, which is in the bundle: predictions, thresholds and exports use it."),
    reason: z.string().default('').describe('Why this calibration was chosen; empty in reports of earlier versions.'),
    crossValidated: z
      .strictObject({ none: logLoss, temperature: logLoss, vector: logLoss.nullable() })
      .nullable()
      .default(null)
      .describe(
        'Log losses out of fold, on which the choice is based: each image is calibrated by a fit on other images. In runs that balance classes, every class counts equally. `vector` is null if it was not fitted.',
      ),
    temperature: z
      .number()
      .positive()
      .describe('The temperature with the lowest log loss out of fold; above 1, the stacker is over-confident.'),
    outOfFold: steps.describe('On the images that the calibrations were fitted on.'),
    test: steps,
    bins: binsSchema.describe(
      "Numbers of a reliability diagram: the chosen stacker's predicted classes on the test images.",
    ),
    calibratedBins: binsSchema
      .nullable()
      .default(null)
      .describe('The same for the calibrated ensemble; null if no calibration is applied.'),
  })
  .describe('How well probabilities match the shares of correct predictions, and the calibration that was chosen.');
