/** `report.json`, the result of a run. The package's `report.schema.json` is generated from this schema. */
import { labelIssueSchema, mcnemarSchema, mistakeSchema, outOfFoldScoreSchema, scoreSchema } from '@chorus/evaluation';
import { stackerKinds } from '@chorus/models';
import { precisions, retrySchema } from '@chorus/training';
import { z } from 'zod';
import { calibrationSectionSchema } from './calibration-schema.ts';
import { costsSchema, pruningSchema } from './cost-schema.ts';
import { imageSizesSchema } from './image-sizes-schema.ts';
import { imbalanceReportSchema } from './imbalance-schema.ts';
import { restartSchema } from './restarts-schema.ts';
import { studentParts } from './student-schema.ts';
import { timeBudgetReportSchema } from './time-budget.ts';
import { viewsReportSchema } from './views-schema.ts';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** An entry of the data folder that is not used; a folder stands for its contents. */
export const skippedSchema = z.strictObject({
  path: z.string(),
  reason: z.string(),
  /**
   * `image`: an unusable image; `misplaced`: an image outside every class folder; `excluded`: listed in `data.exclude`; `file`:
   * not an image.
   */
  kind: z.enum(['image', 'outside', 'link', 'repeat', 'folder', 'file', 'misplaced', 'excluded']),
});

/** The share of the training images that a training leaves out; folds count from 0. */
const foldSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('holdout') }),
  z.strictObject({ kind: z.literal('fold'), index: count }),
  z.strictObject({ kind: z.literal('all') }),
]);

/** How many images each set has. */
const countsSchema = z.strictObject({
  /** Images that some member is trained or tuned on, or that the stackers are trained on. */
  training: count,
  test: count,
  folds: z.array(z.strictObject({ fold: foldSchema, fit: count, tune: count, outOfFold: count })).min(1),
});

/** One training of one member. */
const trainingSchema = z.strictObject({
  fold: foldSchema,
  /** The lane's device, and TensorFlow's name for the device of the variables. */
  device: z.string(),
  backingDevice: z.string(),
  /** Number format of its training steps. */
  precision: z.enum(precisions),
  seconds: z.number().min(0),
  /** Stages that keep a greedy soup: its epochs in the order in which they were added, from 0 as in `metrics.jsonl`, null for the initial weights. */
  soups: z
    .array(z.strictObject({ stage: z.string(), epochs: z.array(count.nullable()), tuneLoss: z.number() }))
    .optional(),
  retry: retrySchema
    .extend({ text: z.string().describe('What happened, in words.') })
    .optional()
    .describe(
      'That a loss became infinite or NaN, and the training was retried from earlier weights at a tenth of the planned rates. Omitted if it was not.',
    ),
  /** Whether it was trained before the run was resumed, and kept. */
  resumed: z.boolean(),
  otherPlan: z
    .string()
    .optional()
    .describe('It was trained before the experiment was edited: the first difference of its plan. Omitted otherwise.'),
});

const memberReportSchema = z.strictObject({
  name: z.string(),
  backbone: z.string(),
  inputSize: z.int().min(1),
  status: z.enum(['done', 'failed']),
  reason: z.string().optional(),
  /** Device of the training that failed. */
  failedOn: z.string().nullable().optional(),
  /** Time of all its tasks, including the features that its trainings share. */
  seconds: z.number().min(0),
  trainings: z.array(trainingSchema),
  /** Which of its models predict the test images and go into the bundle; null if the ensemble dropped it. */
  predictsWith: z.string().nullable(),
  /** The weights it started from; `note` mentions weights that were trained on images of another size. */
  weights: z
    .strictObject({ source: z.string(), sha256: z.string().nullable(), note: z.string().optional() })
    .nullable(),
  recipe: z.enum(['transfer', 'whole']),
  /** Score on images that it was not trained on, before any test image was read. */
  outOfFold: outOfFoldScoreSchema.nullable(),
  test: scoreSchema.nullable(),
});

const taskKind = z.enum(['features', 'train', 'predict', 'explain']);

const laneReportSchema = z.strictObject({
  device: z.string(),
  /** What computed its forward passes of fixed weights: features and predictions. */
  forward: z.enum(['onnxruntime', 'tensorflow']),
  busySeconds: z.number().min(0),
  tasks: z.array(z.strictObject({ task: z.string(), kind: taskKind, seconds: z.number().min(0) })),
  /** Together with `busySeconds` they add up to the run's seconds. */
  waits: z.array(z.strictObject({ for: z.string(), seconds: z.number().min(0) })),
  /** When it worked, since the start of the run; reports of earlier versions have none. */
  spans: z
    .array(
      z.strictObject({
        ...{ task: z.string(), kind: taskKind },
        ...{ fromSeconds: z.number().min(0), toSeconds: z.number().min(0) },
      }),
    )
    .optional(),
});

const losses = z.array(z.number().nullable());

const lossCurveSchema = z.strictObject({
  fit: losses.describe('Mean loss of the images that it trains on, during each epoch.'),
  validation: losses
    .nullable()
    .describe('Mean loss of the images that are set aside, after each epoch; null if none are.'),
  keptEpochIndex: count.nullable().describe('The epoch whose weights are kept, from 0; null for the initial weights.'),
});

const stackerReportSchema = z.strictObject({
  kind: z.enum(stackerKinds),
  chosen: z.boolean(),
  /** Cross-validated score on the images that the stackers are trained on, before any test image was read. */
  outOfFold: outOfFoldScoreSchema,
  /** Of the chosen one: the ensemble's, with its calibration. */
  test: scoreSchema,
  /** Exact test against the best single member; `pHolm` is adjusted for the number of stackers. */
  mcnemar: mcnemarSchema,
  curve: lossCurveSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe('How a stacker that is fitted in epochs (`dense`) has learned; null for the others.'),
});

/** Implausible labels among the images of one set. */
const auditedSetSchema = z.strictObject({
  examined: count.describe('Number of images whose labels were examined.'),
  implausible: count.describe('Number of images whose labels are implausible; `label-issues.csv` lists all of them.'),
  worst: z.array(labelIssueSchema).max(20).describe('The least plausible labels, the worst first.'),
});

const labelAuditSchema = z.strictObject({
  note: z.string().describe('Which labels the accuracies in this report are measured with.'),
  training: auditedSetSchema
    .nullable()
    .describe(
      "Training images, by the chosen stacker's out-of-fold probabilities; null if the stackers were trained on the members' own training images.",
    ),
  test: auditedSetSchema.describe("Test images, by the finished ensemble's probabilities before its calibration."),
});

const nats = z.number();
const answeredSchema = z.strictObject({
  coverage: share.describe('Share of the images that are answered.'),
  accuracy: share.nullable().describe('Share of the answered images that are classified correctly.'),
});
const interval = z.tuple([z.number(), z.number()]);

const analysisSchema = z.strictObject({
  images: z
    .strictObject({ outOfFold: count, test: count })
    .describe('Numbers of images that the figures of this section are measured on.'),
  members: z
    .array(
      z.strictObject({
        name: z.string(),
        gain: nats.describe(
          "Log loss of the mean of the other members' probabilities minus that of all members', out of fold; negative if the mean is better without the member.",
        ),
      }),
    )
    .describe('What each member adds.'),
  pairs: z
    .array(
      z.strictObject({
        members: z.tuple([z.string(), z.string()]),
        disagreement: share.describe('Share of the images that the two classify differently.'),
        doubleFault: share.describe('Share of the images that both classify wrongly.'),
      }),
    )
    .describe('How members differ, out of fold.'),
  calibration: calibrationSectionSchema,
  predictionSets: z
    .array(
      z.strictObject({
        wanted: share.describe('Share of the images whose set must contain the true class.'),
        threshold: share.describe('Smallest probability of a class in the set, from out-of-fold predictions.'),
        test: z.strictObject({
          ...{ coverage: share.nullable(), meanSize: z.number().nullable() },
          ...{ single: share.nullable(), empty: share.nullable() },
        }),
      }),
    )
    .describe('Sets of classes by split conformal prediction, and how they turn out on the test images.'),
  answers: z
    .array(
      z.strictObject({
        wanted: share.describe('Accuracy that the answers must have.'),
        threshold: share
          .nullable()
          .describe(
            'Smallest probability of an answer, from out-of-fold predictions; null if none reaches the accuracy.',
          ),
        ...{ outOfFold: answeredSchema.nullable(), test: answeredSchema.nullable() },
      }),
    )
    .describe('Which images to leave to a human so that the answers reach an accuracy.'),
  answeredShares: z
    .array(
      z.strictObject({
        wanted: share.describe('Share of the images that is answered.'),
        threshold: share.describe('Smallest probability of an answer, from out-of-fold predictions.'),
        ...{ outOfFold: answeredSchema, test: answeredSchema },
      }),
    )
    // Reports of earlier versions have none.
    .default([])
    .describe('Which images to leave to a human so that a share of the images is answered.'),
  intervals: z
    .strictObject({ logLoss: interval.nullable(), balancedAccuracy: interval.nullable(), auc: interval.nullable() })
    .describe("95 % intervals of the ensemble's scores over 1,000 stratified resamples of the test images."),
  logLossAgainstBestMember: z
    .strictObject({ difference: nats, interval })
    .nullable()
    .describe(
      "The ensemble's log loss minus the best member's on the test images, with a 95 % interval over 1,000 resamples.",
    ),
});

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(3),
  /** The resolved experiment, its preset and the versions that ran it. */
  experiment: z.record(z.string(), z.unknown()),
  edits: z
    .array(z.string())
    // Reports of earlier versions have none.
    .default([])
    .describe(
      'What was edited in the experiment or the images before the run was resumed; `experiment` is the edited one, and trainings that are older have `otherPlan`.',
    ),
  /** True for generated images or random weights: the figures do not apply to photographs. */
  demo: z.boolean(),
  /** Flaws that the experiment turns on to reproduce published results; usually none. */
  flaws: z.array(z.strictObject({ name: z.string(), description: z.string(), flatters: z.boolean() })),
  /** The preset's choices where the published procedure does not specify. */
  choices: z.array(z.string()),
  dataset: z.strictObject({
    name: z.string(),
    classes: z.array(z.string()).min(2),
    counts: countsSchema,
    /** Sides of the decoded images in pixels. */
    inputSizes: z.array(z.int().min(1)).min(1),
    /** The role of each split folder; empty for a folder of classes. */
    splits: z.array(z.strictObject({ folder: z.string(), role: z.enum(['train', 'tune', 'test']) })),
    skipped: z.array(skippedSchema),
    /** Hidden entries and operating systems' files: their number, and the first 20 paths. */
    hidden: z.strictObject({ count, paths: z.array(z.string()).max(20) }),
    /** Images left out by `data.limitPerClass`. */
    beyondLimit: count,
    /** Decisions in reading the folder that may surprise the user. */
    notices: z.array(z.string()),
    /** Pictures that occur more than once, handled by `data.duplicates`. */
    duplicates: z.array(
      z.strictObject({
        /** `exact`: files with equal bytes; `near`: the same picture, re-encoded or resized. */
        kind: z.enum(['exact', 'near']),
        paths: z.array(z.string()).min(2),
        /** Classes that contain it; if there are several, at least one label is wrong. */
        labels: z.array(z.string()).min(1),
        /** Sets that use it; if there are several, a model is tested on a picture that it was trained on. */
        splits: z.array(z.string()),
        action: z.enum(['reported', 'grouped', 'dropped']),
        leftOut: z.array(z.string()),
      }),
    ),
    /** False if too many images look alike for all of them to be compared. */
    duplicatesComplete: z.boolean(),
    // Reports of earlier versions have neither of these two.
    sizes: imageSizesSchema
      .nullable()
      .default(null)
      .describe('Formats and sizes of the images, of all sets; null in reports of earlier versions.'),
    sample: z
      .array(z.strictObject({ class: z.string(), paths: z.array(z.string()).max(8) }))
      .default([])
      .describe('Training images of each class, drawn by the seed, of at most 48 classes.'),
  }),
  imbalance: imbalanceReportSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe('Classes of unequal size, and what was done about them.'),
  /**
   * Test images that a lane had read when the stacker and the best member were chosen and the student, if any, was trained: 0, unless a
   * flaw uses them earlier.
   */
  testImagesReadBeforeChoice: count,
  /** The share of the most frequent class among the test images. */
  baseline: share,
  members: z.array(memberReportSchema),
  /** The single member with the best out-of-fold predictions, chosen before the test images were read. */
  bestMember: z.string().nullable(),
  stackers: z.array(stackerReportSchema),
  stackerNotes: z
    .array(z.string())
    // Reports of earlier versions have none.
    .default([])
    .describe('Stackers that were left out, did not read all members or did not converge, and why.'),
  verdict: z.string(),
  /** A description of how the images for the stackers were held out and which models are kept. */
  stacking: z.string(),
  lanes: z.array(laneReportSchema),
  /** The share of the lanes' time between decoding and stacking in which they worked; null if nothing was trained. */
  lanesBusy: share.nullable(),
  /** The ensemble's most confident errors, the worst first. */
  mistakes: z.array(mistakeSchema).max(20),
  labelAudit: labelAuditSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe(
      'Images whose labels are implausible, by confident learning (Northcutt et al. 2021); null without an ensemble.',
    ),
  analysis: analysisSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe(
      "Diversity, calibration, thresholds and intervals of the ensemble; null without one, and if the stackers were trained on the members' own training images.",
    ),
  testTimeAugmentation: viewsReportSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe('How test-time augmentation was chosen; null unless the experiment sets it to `auto`.'),
  // Reports of earlier versions have neither of these two.
  costs: costsSchema.nullable().default(null).describe('What a prediction costs; null without an ensemble.'),
  pruning: pruningSchema.nullable().default(null).describe('Null unless `maxMembers` or `maxMegabytes` is set.'),
  student: memberReportSchema
    .omit({ outOfFold: true })
    .extend(studentParts)
    .optional()
    .describe('The student, which learned from the ensemble; omitted if the experiment has none.'),
  timeBudget: timeBudgetReportSchema
    .nullable()
    // Reports of earlier versions have none.
    .default(null)
    .describe('What a time budget has changed; null without one.'),
  restarts: z
    .array(restartSchema)
    // Reports of earlier versions have none.
    .default([])
    .describe('Processes of the run that ended unexpectedly, after which it continued from its checkpoints.'),
  /** Wall time. */
  seconds: z.strictObject({
    /** Finding devices, initial weights and the data set's folder, including downloads. */
    prepare: z.number().min(0),
    decode: z.number().min(0),
    members: z.number().min(0),
    stack: z.number().min(0),
    /** Training the student; omitted without one. */
    student: z.number().min(0).optional(),
    test: z.number().min(0),
    total: z.number().min(0),
  }),
  peakMemoryBytes: z.int().min(0),
});

export type Report = z.output<typeof reportSchema>;
export type ImageCounts = z.output<typeof countsSchema>;
export type MemberReport = z.output<typeof memberReportSchema>;
export type EnsembleAnalysis = z.output<typeof analysisSchema>;
export type LabelAuditReport = z.output<typeof labelAuditSchema>;
export type StudentReport = NonNullable<Report['student']>;
export type StackerReport = z.output<typeof stackerReportSchema>;

/** JSON schema of `report.json`, for other languages. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
}
