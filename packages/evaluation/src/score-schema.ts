/** Schemas of scores in reports. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** Score of a classifier on the test images. */
export const scoreSchema = z.strictObject({
  accuracy: share,
  correct: count,
  count,
  wilson95: z.tuple([share, share]),
  // Reports of earlier versions do not have the next three.
  balancedAccuracy: share.nullable().default(null),
  macroF1: share.nullable().default(null),
  brier: z.number().min(0).nullable().default(null),
  logLoss: z.number().min(0),
  auc: share.nullable(),
  perClass: z.array(z.strictObject({ class: z.string(), count, correct: count, recall: share.nullable() })),
  confusion: z.array(z.array(count)),
});

/** Score of a classifier on images that it was not trained on, before any test image is read. */
export const outOfFoldScoreSchema = z.strictObject({
  accuracy: share,
  logLoss: z.number().min(0),
  /** Mean of the log losses of the classes; only where members and stackers are chosen by it. */
  balancedLogLoss: z.number().min(0).optional(),
});

/** Comparison of a stacker with the best single member; `pHolm` is adjusted for the number of stackers. */
export const mcnemarSchema = z.strictObject({
  against: z.string(),
  onlyStacker: count,
  onlyMember: count,
  p: share,
  pHolm: share,
});

export const mistakeSchema = z.strictObject({
  path: z.string(),
  label: z.string(),
  predicted: z.string(),
  probability: share,
});

export type OutOfFoldScore = z.output<typeof outOfFoldScoreSchema>;
export type McnemarReport = z.output<typeof mcnemarSchema>;
export type Mistake = z.output<typeof mistakeSchema>;
