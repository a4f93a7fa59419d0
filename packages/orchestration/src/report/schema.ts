/** `report.json`: the last word of a run. `report.schema.json` beside the package's manifest is made from it. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

const skipped = z.strictObject({ path: z.string(), reason: z.string() });

/** One classifier on the test images. */
export const testScoreSchema = z.strictObject({
  accuracy: share,
  correct: count,
  count,
  wilson95: z.tuple([share, share]),
  logLoss: z.number().min(0),
  auc: share.nullable(),
  perClass: z.array(z.strictObject({ class: z.string(), count, correct: count, recall: share.nullable() })),
  confusion: z.array(z.array(count)),
});

export const memberReportSchema = z.strictObject({
  name: z.string(),
  backbone: z.string(),
  /** Lane that trained it, and what TensorFlow itself calls the device of its variables. */
  device: z.string().nullable(),
  backingDevice: z.string().nullable(),
  status: z.enum(['done', 'failed', 'skipped']),
  reason: z.string().optional(),
  seconds: z.number().min(0),
  /** Which weights it started from; a file of another size than `inputSize` says so in `note`. */
  weights: z
    .strictObject({ source: z.string(), sha256: z.string().nullable(), note: z.string().optional() })
    .nullable(),
  recipe: z.enum(['transfer', 'scratch']),
  /** True when an earlier part of the run trained it and it was found whole. */
  resumed: z.boolean(),
  /** On the `stack` images, before any test image was read. */
  heldOut: z.strictObject({ accuracy: share, logLoss: z.number().min(0) }).nullable(),
  test: testScoreSchema.nullable(),
});

export const stackerReportSchema = z.strictObject({
  kind: z.enum(['mean', 'dense', 'logistic']),
  chosen: z.boolean(),
  /** Cross-validated on the `stack` images, before any test image was read. */
  heldOut: z.strictObject({ accuracy: share, logLoss: z.number().min(0) }),
  test: testScoreSchema,
  /** Exact, against the best single member; `pHolm` is adjusted over the stackers. */
  mcnemar: z.strictObject({
    against: z.string(),
    onlyStacker: count,
    onlyMember: count,
    p: share,
    pHolm: share,
  }),
});

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The resolved experiment, with the preset and versions that it ran with. */
  experiment: z.record(z.string(), z.unknown()),
  /** Generated images or random weights stood in: the figures say nothing about photographs. */
  demo: z.boolean(),
  dataset: z.strictObject({
    name: z.string(),
    classes: z.array(z.string()).min(2),
    counts: z.strictObject({ fit: count, tune: count, stack: count, test: count }),
    skipped: z.array(skipped),
    duplicates: z.array(
      z.strictObject({ sha256: z.string(), paths: z.array(z.string()), splits: z.array(z.string()) }),
    ),
  }),
  /** The share of the test images in the class that is most frequent among them. */
  baseline: share,
  members: z.array(memberReportSchema),
  /** The single member that was best on held-out images, chosen before the test images were read. */
  bestMember: z.string().nullable(),
  stackers: z.array(stackerReportSchema),
  verdict: z.string(),
  /** The most confident errors of the chosen stacker, the worst first. */
  mistakes: z
    .array(z.strictObject({ path: z.string(), label: z.string(), predicted: z.string(), probability: share }))
    .max(20),
  seconds: z.strictObject({
    decode: z.number().min(0),
    members: z.number().min(0),
    stack: z.number().min(0),
    total: z.number().min(0),
  }),
  peakMemoryBytes: z.int().min(0),
});

export type Report = z.output<typeof reportSchema>;
export type MemberReport = z.output<typeof memberReportSchema>;
export type StackerReport = z.output<typeof stackerReportSchema>;

/** JSON schema of `report.json`, for those who read it from another language. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
}
