/** `report.json`: the last word of a run. `report.schema.json` beside the package's manifest is made from it. */
import { mcnemarSchema, mistakeSchema, outOfFoldScoreSchema, scoreSchema } from '@chorus/evaluation';
import { stackerKinds } from '@chorus/models';
import { precisions } from '@chorus/training';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** An entry of the data folder that is not used; a folder stands for what is in it. */
export const skippedSchema = z.strictObject({
  path: z.string(),
  reason: z.string(),
  /** `image`: it claims to be one and cannot be used; `misplaced`: an image in no class folder; `file`: no image. */
  kind: z.enum(['image', 'outside', 'link', 'repeat', 'folder', 'file', 'misplaced']),
});

/** The share of the training images that a training leaves out; folds count from 0. */
const foldSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('holdout') }),
  z.strictObject({ kind: z.literal('fold'), index: count }),
  z.strictObject({ kind: z.literal('all') }),
]);

/** How many images are for what. */
const countsSchema = z.strictObject({
  /** Images that some member is trained or tuned on, or that the stackers are trained on. */
  training: count,
  test: count,
  folds: z.array(z.strictObject({ fold: foldSchema, fit: count, tune: count, outOfFold: count })).min(1),
});

/** One training of one member. */
const trainingSchema = z.strictObject({
  fold: foldSchema,
  /** Lane that trained it, and what TensorFlow itself calls the device of its variables. */
  device: z.string(),
  backingDevice: z.string(),
  /** What its steps computed in. */
  precision: z.enum(precisions),
  seconds: z.number().min(0),
  /** True when an earlier part of the run trained it and it was found whole. */
  resumed: z.boolean(),
});

const memberReportSchema = z.strictObject({
  name: z.string(),
  backbone: z.string(),
  inputSize: z.int().min(1),
  status: z.enum(['done', 'failed']),
  reason: z.string().optional(),
  /** Lane of the training that failed. */
  failedOn: z.string().nullable().optional(),
  /** Of all its tasks together, the features that its trainings share among them. */
  seconds: z.number().min(0),
  trainings: z.array(trainingSchema),
  /** What answers on the test images and goes into the bundle. */
  predictsWith: z.string().nullable(),
  /** Which weights it started from; a file of another size than the member's images says so in `note`. */
  weights: z
    .strictObject({ source: z.string(), sha256: z.string().nullable(), note: z.string().optional() })
    .nullable(),
  recipe: z.enum(['transfer', 'whole']),
  /** On images that it was not trained on, before any test image was read. */
  outOfFold: outOfFoldScoreSchema.nullable(),
  test: scoreSchema.nullable(),
});

const laneReportSchema = z.strictObject({
  device: z.string(),
  busySeconds: z.number().min(0),
  tasks: z.array(
    z.strictObject({ task: z.string(), kind: z.enum(['features', 'train', 'predict']), seconds: z.number().min(0) }),
  ),
  /** With `busySeconds` they add up to the run's seconds. */
  waits: z.array(z.strictObject({ for: z.string(), seconds: z.number().min(0) })),
});

const stackerReportSchema = z.strictObject({
  kind: z.enum(stackerKinds),
  chosen: z.boolean(),
  /** Cross-validated on the images that the stackers are trained on, before any test image was read. */
  outOfFold: outOfFoldScoreSchema,
  test: scoreSchema,
  /** Exact, against the best single member; `pHolm` is adjusted for the number of stackers. */
  mcnemar: mcnemarSchema,
});

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(3),
  /** The resolved experiment, with the preset and versions that it ran with. */
  experiment: z.record(z.string(), z.unknown()),
  /** Generated images or random weights stood in: the figures say nothing about photographs. */
  demo: z.boolean(),
  /** Flaws that were asked for, to reproduce others' results; none in a sound run. */
  flaws: z.array(z.strictObject({ name: z.string(), description: z.string(), flatters: z.boolean() })),
  /** What the preset chose where the procedure that it follows is silent. */
  choices: z.array(z.string()),
  dataset: z.strictObject({
    name: z.string(),
    classes: z.array(z.string()).min(2),
    counts: countsSchema,
    /** Sides of the decoded images, pixels. */
    inputSizes: z.array(z.int().min(1)).min(1),
    /** How each split folder was read; none in a folder of classes. */
    splits: z.array(z.strictObject({ folder: z.string(), role: z.enum(['train', 'tune', 'test']) })),
    skipped: z.array(skippedSchema),
    /** Hidden entries and what operating systems leave: how many, and the first of them. */
    hidden: z.strictObject({ count, paths: z.array(z.string()).max(20) }),
    /** Images left out by `data.limitPerClass`. */
    beyondLimit: count,
    /** What may surprise in the way the folder was read. */
    notices: z.array(z.string()),
    /** Pictures that the images have more than once, by `data.duplicates`. */
    duplicates: z.array(
      z.strictObject({
        /** `exact`: files of equal bytes; `near`: the same picture encoded anew or resized. */
        kind: z.enum(['exact', 'near']),
        paths: z.array(z.string()).min(2),
        /** Classes that it lies in; with more than one, at least one label is wrong. */
        labels: z.array(z.string()).min(1),
        /** Sets that use it; with more than one, it is tested on what was learned from it. */
        splits: z.array(z.string()),
        action: z.enum(['reported', 'grouped', 'dropped']),
        leftOut: z.array(z.string()),
      }),
    ),
    /** False where so many images look alike that not all of them could be compared. */
    duplicatesComplete: z.boolean(),
  }),
  /** Test images that a lane had read when the stacker and the best member were chosen: 0, unless a flaw uses them earlier. */
  testImagesReadBeforeChoice: count,
  /** The share of the test images in the class that is most frequent among them. */
  baseline: share,
  members: z.array(memberReportSchema),
  /** The single member that was best on held-out images, chosen before the test images were read. */
  bestMember: z.string().nullable(),
  stackers: z.array(stackerReportSchema),
  verdict: z.string(),
  /** How the members were trained for the stackers, and which of their models is kept, in words. */
  stacking: z.string(),
  lanes: z.array(laneReportSchema),
  /** The most confident errors of the chosen stacker, the worst first. */
  mistakes: z.array(mistakeSchema).max(20),
  /** Wall time. */
  seconds: z.strictObject({
    /** Until devices, first weights and the data set's folder were found, downloads included. */
    prepare: z.number().min(0),
    decode: z.number().min(0),
    members: z.number().min(0),
    stack: z.number().min(0),
    test: z.number().min(0),
    total: z.number().min(0),
  }),
  peakMemoryBytes: z.int().min(0),
});

export type Report = z.output<typeof reportSchema>;
export type ImageCounts = z.output<typeof countsSchema>;
export type MemberReport = z.output<typeof memberReportSchema>;
export type StackerReport = z.output<typeof stackerReportSchema>;

/** JSON schema of `report.json`, for those who read it from another language. */
export function reportJsonSchema(): object {
  return z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
}
